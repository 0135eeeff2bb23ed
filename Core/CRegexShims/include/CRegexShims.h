#ifndef LODGE_REGEX_SHIMS_H
#define LODGE_REGEX_SHIMS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// RE2 is C++, which Swift does not call without turning its interoperability on for every importer.

typedef struct lodge_regex lodge_regex;

// NULL, with a message in `error`, when the pattern is no regular expression or needs too much memory.
lodge_regex *lodge_regex_make(
    const void *pattern, size_t length, int dot_matches_line_feed, char *error, size_t error_capacity);
void lodge_regex_free(lodge_regex *regex);

// Capturing groups, the whole match not among them.
int lodge_regex_group_count(const lodge_regex *regex);
// Copies the name of a group, from 1, with a zero at its end; 0 when it has none or one that is too long.
int lodge_regex_group_name(const lodge_regex *regex, int group, char *name, size_t capacity);

// Looks for the first match from `start` on. `bounds` gets start and end of the whole match and of each group, -1
// where a group took no part; `bounds_count` is the number of pairs wanted, 0 to only know whether there is a match.
int lodge_regex_find(
    const lodge_regex *regex, const void *text, size_t length, size_t start, int whole, int64_t *bounds,
    int bounds_count);

#ifdef __cplusplus
}
#endif

#endif
