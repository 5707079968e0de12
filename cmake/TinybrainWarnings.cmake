# tinybrain_add_warnings(target): the warnings under which tinybrain's own programs must be silent.
function(tinybrain_add_warnings target)
  if(MSVC)
    target_compile_options(${target} PRIVATE /W4 /permissive- /utf-8 $<$<BOOL:${TINYBRAIN_WERROR}>:/WX>)
  else()
    target_compile_options(
      ${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
                        $<$<BOOL:${TINYBRAIN_WERROR}>:-Werror>)
  endif()
endfunction()
