# Compiles SOURCE with COMPILER, which must fail, name the line marked "// here", and say the words of the line
# "// expect: REGEX". The first error is in SOURCE, or a static_assert that says "tinybrain: " and what is wrong: a
# user reads no further. A source without such a line must compile.
file(STRINGS ${SOURCE} expected REGEX "^// expect: ")
string(REPLACE "// expect: " "" expected "${expected}")

# FLAGS arrives as one argument with | between the flags.
string(REPLACE "|" ";" flags "${FLAGS}")
execute_process(
  COMMAND ${COMPILER} ${flags} ${SOURCE}
  RESULT_VARIABLE status
  OUTPUT_VARIABLE diagnostics
  ERROR_VARIABLE diagnostics)

if(expected STREQUAL "")
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "should compile:\n${diagnostics}")
  endif()
  return()
endif()

if(status EQUAL 0)
  message(FATAL_ERROR "should not compile: ${SOURCE}")
endif()
if(NOT diagnostics MATCHES "${expected}")
  message(FATAL_ERROR "the diagnostics do not match \"${expected}\":\n${diagnostics}")
endif()

file(READ ${SOURCE} text)
string(REGEX REPLACE "// here.*" "" before "${text}")
string(REGEX MATCHALL "\n" lines "${before}")
list(LENGTH lines line)
math(EXPR line "${line} + 1")
get_filename_component(name ${SOURCE} NAME)
if(NOT diagnostics MATCHES "${name}[:(]${line}[:,)]")
  message(FATAL_ERROR "the diagnostics do not name ${name}:${line}:\n${diagnostics}")
endif()

string(REGEX MATCH "[^\n]*error[ :][^\n]*" first_error "${diagnostics}")
if(NOT first_error MATCHES "${name}[:(]|tinybrain: ")
  message(FATAL_ERROR "the first error is not in ${name}:\n${diagnostics}")
endif()
