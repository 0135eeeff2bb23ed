#include "CRegexShims.h"

#include <re2/re2.h>

#include <cstring>
#include <new>
#include <string>
#include <vector>

struct lodge_regex {
    lodge_regex(const re2::StringPiece &pattern, const RE2::Options &options) : expression(pattern, options) {}
    RE2 expression;
};

namespace {
void copy_text(const std::string &text, char *target, size_t capacity) {
    if (capacity == 0) return;
    const size_t length = text.size() < capacity - 1 ? text.size() : capacity - 1;
    std::memcpy(target, text.data(), length);
    target[length] = 0;
}
}  // namespace

lodge_regex *lodge_regex_make(
    const void *pattern, size_t length, int dot_matches_line_feed, char *error, size_t error_capacity) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_dot_nl(dot_matches_line_feed != 0);
    lodge_regex *regex =
        new (std::nothrow) lodge_regex(re2::StringPiece(static_cast<const char *>(pattern), length), options);
    if (regex == nullptr) {
        copy_text("no memory", error, error_capacity);
        return nullptr;
    }
    if (!regex->expression.ok()) {
        copy_text(regex->expression.error(), error, error_capacity);
        delete regex;
        return nullptr;
    }
    return regex;
}

void lodge_regex_free(lodge_regex *regex) { delete regex; }

int lodge_regex_group_count(const lodge_regex *regex) { return regex->expression.NumberOfCapturingGroups(); }

int lodge_regex_group_name(const lodge_regex *regex, int group, char *name, size_t capacity) {
    const auto &names = regex->expression.CapturingGroupNames();
    const auto found = names.find(group);
    if (found == names.end() || found->second.size() >= capacity) return 0;
    copy_text(found->second, name, capacity);
    return 1;
}

int lodge_regex_find(
    const lodge_regex *regex, const void *text, size_t length, size_t start, int whole, int64_t *bounds,
    int bounds_count) {
    const char *base = text == nullptr ? "" : static_cast<const char *>(text);
    const re2::StringPiece subject(base, length);
    const RE2::Anchor anchor = whole ? RE2::ANCHOR_BOTH : RE2::UNANCHORED;
    if (bounds_count <= 0) return regex->expression.Match(subject, start, length, anchor, nullptr, 0);
    // Few groups are the rule, and decoders match each line: they get by without an allocation.
    re2::StringPiece few[17];
    std::vector<re2::StringPiece> many(bounds_count > 17 ? static_cast<size_t>(bounds_count) : 0);
    re2::StringPiece *groups = bounds_count > 17 ? many.data() : few;
    if (!regex->expression.Match(subject, start, length, anchor, groups, bounds_count)) return 0;
    for (int index = 0; index < bounds_count; ++index) {
        const re2::StringPiece &group = groups[index];
        const bool took_part = group.data() != nullptr;
        bounds[2 * index] = took_part ? group.data() - base : -1;
        bounds[2 * index + 1] = took_part ? group.data() - base + static_cast<int64_t>(group.size()) : -1;
    }
    return 1;
}
