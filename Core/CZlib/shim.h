#pragma once
#include <zlib.h>

// A macro; 16 more than the largest window takes gzip's header and checksum.
static inline int lodge_inflate_start(z_stream *stream) { return inflateInit2(stream, 15 + 16); }
