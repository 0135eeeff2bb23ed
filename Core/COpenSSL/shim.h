#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

/* Macros that Swift cannot call. */

static inline int lodge_tls_prepare(SSL_CTX *context) {
    /* A session that is taken up again would skip the check of the client's certificate. */
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}

/* An SSL_read that reports errors of this connection alone. */
static inline int lodge_tls_read(SSL *connection, void *bytes, int count, int *error) {
    ERR_clear_error();
    int result = SSL_read(connection, bytes, count);
    *error = SSL_get_error(connection, result);
    return result;
}
