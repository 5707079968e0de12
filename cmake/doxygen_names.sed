# What Doxygen reads is not quite what compilers read.
# The aliases of detail, spelled out.
s/detail::mips_of<V>/std::vector<volume<voxel_of<V>, rank_of<V>>>/g
s/detail::factors_for<V>/std::span<const index_array<rank_of<V>>>/g
s/detail::outputs_for<V>/one_output_view_of_the_image_type_and_rank_for_each_mip<voxel_of<V>, rank_of<V>>/g
# Links of the texts to what the reference has no page for: sources, folders and licence.
s/\[([^]]*)\]\([^):]*\.[ch]pp\)/\1/g
s/\[([^]]*)\]\(LICENSE\)/\1/g
