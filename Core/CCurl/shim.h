#pragma once
#include <curl/curl.h>
#include <stdint.h>

/* Swift cannot call variadic functions: one shim for each type of argument. */

static inline CURLcode lodge_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode lodge_curl_set_offset(CURL *handle, CURLoption option, int64_t value) {
    return curl_easy_setopt(handle, option, (curl_off_t)value);
}

static inline CURLcode lodge_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode lodge_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode lodge_curl_set_constant_pointer(CURL *handle, CURLoption option, const void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode lodge_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

typedef size_t (*lodge_curl_sink)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode lodge_curl_set_sink(CURL *handle, CURLoption option, lodge_curl_sink value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLMcode lodge_curl_multi_set_long(CURLM *handle, CURLMoption option, long value) {
    return curl_multi_setopt(handle, option, value);
}

static inline CURLcode lodge_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode lodge_curl_get_offset(CURL *handle, CURLINFO info, int64_t *value) {
    curl_off_t offset = 0;
    CURLcode code = curl_easy_getinfo(handle, info, &offset);
    *value = (int64_t)offset;
    return code;
}

/* CURLMsg holds a union that depends on its kind: only the result of a finished transfer is wanted. */
static inline int lodge_curl_multi_result(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return 1;
        }
    }
    return 0;
}
