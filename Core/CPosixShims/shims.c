#define _GNU_SOURCE
#include "CPosixShims.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>

int lodge_open(const char *path, int flags, unsigned int mode) {
    int descriptor = open(path, flags, (mode_t)mode);
    return descriptor < 0 ? -errno : descriptor;
}

int lodge_allocate(int descriptor, int keep_size, int64_t offset, int64_t length) {
    int result = fallocate(descriptor, keep_size ? FALLOC_FL_KEEP_SIZE : 0, offset, length);
    return result < 0 ? -errno : 0;
}

void lodge_error_text(int code, char *buffer, size_t size) {
    if (size == 0) return;
    const char *text = strerror_r(code, buffer, size);
    if (text != buffer) {
        strncpy(buffer, text, size - 1);
        buffer[size - 1] = 0;
    }
}

int lodge_thread_start(pthread_t *thread, const char *name, void *(*body)(void *), void *context) {
    // The new thread inherits the mask of the caller: block everything around its creation.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(thread, NULL, body, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result != 0) return -result;
    char cut[16];
    strncpy(cut, name, sizeof cut - 1);
    cut[sizeof cut - 1] = 0;
    pthread_setname_np(*thread, cut);
    return 0;
}

void lodge_trim_allocator(size_t kept) {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
    if (mallinfo2().fordblks > kept) malloc_trim(0);
#else
    (void)kept;
#endif
}

void lodge_bound_allocator(int arenas, int bytes) {
#ifdef __GLIBC__
    mallopt(M_ARENA_MAX, arenas);
    mallopt(M_MMAP_THRESHOLD, bytes);
    mallopt(M_TRIM_THRESHOLD, bytes);
#else
    (void)arenas;
    (void)bytes;
#endif
}
