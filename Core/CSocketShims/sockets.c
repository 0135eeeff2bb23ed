#define _GNU_SOURCE
#include "CSocketShims.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BATCH 32

static int fail(int descriptor) {
    int code = errno;
    close(descriptor);
    return -code;
}

static socklen_t parse(const char *host, uint16_t port, struct sockaddr_storage *address) {
    memset(address, 0, sizeof *address);
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return sizeof *v4;
    }
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        return sizeof *v6;
    }
    return 0;
}

int lodge_is_address(const char *host) {
    struct sockaddr_storage address;
    return parse(host, 1, &address) > 0;
}

int lodge_bind_address(const char *host, uint16_t port, int is_stream, int receive_buffer) {
    struct sockaddr_storage address;
    socklen_t length = parse(host, port, &address);
    if (length == 0) return -EINVAL;
    int kind = (is_stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int descriptor = socket(address.ss_family, kind, 0);
    if (descriptor < 0) return -errno;
    int one = 1;
    // A datagram port shared by two agents would give each of them half of what is sent.
    if (is_stream) (void)setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (receive_buffer > 0 &&
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof receive_buffer) < 0)
        (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (bind(descriptor, (struct sockaddr *)&address, length) < 0) return fail(descriptor);
    if (is_stream && listen(descriptor, 128) < 0) return fail(descriptor);
    return descriptor;
}

int lodge_bind_path(const char *path, unsigned int mode) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) {
        int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (probe < 0) return fail(descriptor);
        int answer = connect(probe, (struct sockaddr *)&address, sizeof address);
        int code = errno;
        close(probe);
        if (answer < 0 && code == ECONNREFUSED) (void)unlink(path);
    }
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0) return fail(descriptor);
    if (chmod(path, (mode_t)mode) < 0) return fail(descriptor);
    return descriptor;
}

static void write_sender(const struct sockaddr_storage *address, socklen_t length, char *sender) {
    sender[0] = 0;
    if (length >= sizeof(struct sockaddr_in) && address->ss_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, sender, LODGE_SENDER_BYTES);
    } else if (length >= sizeof(struct sockaddr_in6) && address->ss_family == AF_INET6) {
        const struct in6_addr *v6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(v6))
            inet_ntop(AF_INET, v6->s6_addr + 12, sender, LODGE_SENDER_BYTES);
        else
            inet_ntop(AF_INET6, v6, sender, LODGE_SENDER_BYTES);
    }
}

int lodge_accept(int descriptor, char sender[LODGE_SENDER_BYTES]) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int accepted = accept4(descriptor, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) return -errno;
    int one = 1, idle = 60, interval = 15, count = 4;
    (void)setsockopt(accepted, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    (void)setsockopt(accepted, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    (void)setsockopt(accepted, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    (void)setsockopt(accepted, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    write_sender(&address, length, sender);
    return accepted;
}

int lodge_receive_datagrams(int descriptor, void *bytes, size_t room, struct lodge_datagram *datagrams, int count) {
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    struct sockaddr_storage addresses[BATCH];
    if (count > BATCH) count = BATCH;
    memset(messages, 0, sizeof messages);
    for (int index = 0; index < count; index++) {
        parts[index].iov_base = (char *)bytes + (size_t)index * room;
        parts[index].iov_len = room;
        messages[index].msg_hdr.msg_iov = &parts[index];
        messages[index].msg_hdr.msg_iovlen = 1;
        messages[index].msg_hdr.msg_name = &addresses[index];
        messages[index].msg_hdr.msg_namelen = sizeof addresses[index];
    }
    int received = recvmmsg(descriptor, messages, (unsigned int)count, MSG_DONTWAIT | MSG_TRUNC, NULL);
    if (received < 0) return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    for (int index = 0; index < received; index++) {
        uint32_t whole = messages[index].msg_len;
        datagrams[index].whole = whole;
        datagrams[index].length = whole < room ? whole : (uint32_t)room;
        write_sender(&addresses[index], messages[index].msg_hdr.msg_namelen, datagrams[index].sender);
    }
    return received;
}

int64_t lodge_receive_buffer(int descriptor) {
    int bytes = 0;
    socklen_t length = sizeof bytes;
    if (getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, &length) < 0) return -errno;
    return bytes;
}

void lodge_shrink_receive_buffer(int descriptor) {
    int least = 0;
    (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
}

int64_t lodge_unread_bytes(int descriptor) {
    int bytes = 0;
    return ioctl(descriptor, FIONREAD, &bytes) < 0 ? 0 : bytes;
}

int64_t lodge_dropped_datagrams(int descriptor) {
    uint32_t figures[SK_MEMINFO_VARS];
    socklen_t length = sizeof figures;
    if (getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, figures, &length) < 0) return -errno;
    if (length <= SK_MEMINFO_DROPS * sizeof figures[0]) return -ENOPROTOOPT;
    return figures[SK_MEMINFO_DROPS];
}
