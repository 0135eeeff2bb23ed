#define _GNU_SOURCE
#include "CPosixShims.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

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

void lodge_nice_thread(int niceness) { (void)setpriority(PRIO_PROCESS, 0, niceness); }

int64_t lodge_resident_bytes(void) {
    char text[128];
    int descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return 0;
    ssize_t count = read(descriptor, text, sizeof text - 1);
    close(descriptor);
    if (count <= 0) return 0;
    text[count] = 0;
    long long whole = 0, resident = 0;
    return sscanf(text, "%lld %lld", &whole, &resident) == 2 ? resident * sysconf(_SC_PAGESIZE) : 0;
}

static int give_back(struct dl_phdr_info *object, size_t size, void *page_size) {
    (void)size;
    uintptr_t page = *(uintptr_t *)page_size;
    // The kernel's own code is no file.
    if (strstr(object->dlpi_name, "vdso")) return 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X) || part->p_flags & PF_W) continue;
        uintptr_t start = (object->dlpi_addr + part->p_vaddr) & ~(page - 1);
        uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_memsz) & ~(page - 1);
        if (end > start) madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void lodge_give_back_code(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    dl_iterate_phdr(give_back, &page);
}

void lodge_trim_allocator(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

int lodge_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : -errno; }

int lodge_processors(void) { return (int)sysconf(_SC_NPROCESSORS_ONLN); }

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

int64_t lodge_file_system_kind(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 ? (int64_t)(uint32_t)status.f_type : -1;
}
