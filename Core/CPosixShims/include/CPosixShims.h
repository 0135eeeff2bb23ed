// What Swift cannot call: variadic functions, GNU variants, and thread start with signals masked.
#ifndef LODGE_POSIX_SHIMS_H
#define LODGE_POSIX_SHIMS_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// open(2) is variadic. Returns the descriptor, or -errno.
int lodge_open(const char *path, int flags, unsigned int mode);

// fallocate(2) needs _GNU_SOURCE. With keep_size the file's length stays as it is. Returns 0 or -errno.
int lodge_allocate(int descriptor, int keep_size, int64_t offset, int64_t length);

// The GNU strerror_r. Writes a text ending in NUL into `buffer`.
void lodge_error_text(int code, char *buffer, size_t size);

// Starts a thread with all signals blocked, so that they arrive at the main thread, and a name of at most 15 bytes.
// Returns 0 or -errno.
int lodge_thread_start(pthread_t *thread, const char *name, void *(*body)(void *), void *context);

// pipe2(2) with O_CLOEXEC, which needs _GNU_SOURCE: children of other threads must not hold its ends. Returns 0 or -errno.
int lodge_pipe(int ends[2]);

// Processors that are online.
int lodge_processors(void);

// setpriority(2) of the calling thread alone, as Linux has it. A system that refuses changes nothing.
void lodge_nice_thread(int niceness);

// mallopt(3), where the C library is glibc: at most so many arenas; blocks of so many bytes are mapped by themselves, and
// as many free bytes at the end of an arena go back to the system. Elsewhere it does nothing.
void lodge_bound_allocator(int arenas, int bytes);

// Bytes of memory that are resident, from /proc/self/statm; 0 when that cannot be read.
int64_t lodge_resident_bytes(void);

// Gives the pages of code back that are resident, of the program and its libraries: what is used comes back by itself from
// the cache of files. Pages that were written to stay.
void lodge_give_back_code(void);

// malloc_trim(3), where the C library is glibc: gives the free pages of all arenas back. Elsewhere it does nothing.
void lodge_trim_allocator(void);

// The kind of file system that holds `path`, as statfs(2) names it; -1 when that is not known.
int64_t lodge_file_system_kind(const char *path);

#endif
