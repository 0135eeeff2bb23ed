// Sockets that take messages: addresses and control data of theirs are macros and unions in C, which Swift cannot read.
#ifndef LODGE_SOCKET_SHIMS_H
#define LODGE_SOCKET_SHIMS_H

#include <stddef.h>
#include <stdint.h>

// Room for a sender's address as text, its NUL included.
#define LODGE_SENDER_BYTES 64

// Whether a text is an IPv4 or IPv6 address.
int lodge_is_address(const char *host);

// Binds a datagram socket, or a stream socket that listens. `receive_buffer` is asked for in bytes, if above 0. Returns
// the descriptor, which does not block and is closed on exec, or -errno.
int lodge_bind_address(const char *host, uint16_t port, int is_stream, int receive_buffer);

// The same for a datagram socket in the file system with these permissions; one that nobody reads from any more is
// replaced. Returns the descriptor or -errno.
int lodge_bind_path(const char *path, unsigned int mode);

// Accepts a connection, notices when its peer dies, and writes the address of the peer. Returns the descriptor, which
// does not block and is closed on exec, or -errno.
int lodge_accept(int descriptor, char sender[LODGE_SENDER_BYTES]);

struct lodge_datagram {
    // Bytes that were written, and bytes that there were.
    uint32_t length, whole;
    // Empty for senders without an address.
    char sender[LODGE_SENDER_BYTES];
};

// Reads up to 32 datagrams that are there, each into `room` bytes of its own. Returns how many, 0 for none, or -errno.
int lodge_receive_datagrams(int descriptor, void *bytes, size_t room, struct lodge_datagram *datagrams, int count);

// Bytes of memory that the kernel keeps for what has come to a socket and was not read, or -errno. It is about twice what
// can be asked for, for its own needs.
int64_t lodge_receive_buffer(int descriptor);

// Makes that as little as it can be, so that what comes from now on is dropped and counted.
void lodge_shrink_receive_buffer(int descriptor);

// Bytes that have come over a connection and were not read.
int64_t lodge_unread_bytes(int descriptor);

// Datagrams that the kernel has dropped of this socket since it was made, as a number that wraps around; -errno where
// the kernel does not tell.
int64_t lodge_dropped_datagrams(int descriptor);

#endif
