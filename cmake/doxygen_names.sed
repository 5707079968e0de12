# What Doxygen reads is not quite what compilers read.
# Links of the texts to what the reference has no page for: sources, folders and licence.
s/\[([^]]*)\]\([^):]*\.[ch]pp\)/\1/g
s/\[([^]]*)\]\(LICENSE\)/\1/g
