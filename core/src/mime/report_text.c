/* SPDX-License-Identifier: MIT */
#include "mime/report_text.h"

#include "mime/report_parts.h"

#include <string.h>

/* How each begins and ends: the copy of the mail follows a line of dashes with these words. */
static const fct_slice copy_words[] = {
    FCT_SLICE("Below this line is a copy of the message"), FCT_SLICE("This is a copy of"),
    FCT_SLICE("Original message follows"), FCT_SLICE("Included is a copy of the message")};

static bool contains(fct_slice text, fct_slice words)
{
    for (size_t i = 0; i + words.len <= text.len; i++) {
        if (memcmp(text.ptr + i, words.ptr, words.len) == 0)
            return true;
    }
    return false;
}

static bool begins_copy(fct_slice line)
{
    if (line.len < 3 || memcmp(line.ptr, "---", 3) != 0)
        return false;
    for (size_t i = 0; i < sizeof copy_words / sizeof copy_words[0]; i++) {
        if (contains(line, copy_words[i]))
            return true;
    }
    return false;
}

/* The address of a line "<a@b>:", or of an indented one that is nothing else. */
static fct_slice address_in(fct_slice line)
{
    fct_slice trimmed = fct_slice_trim(line);
    bool indented = line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t');

    if (trimmed.len && trimmed.ptr[trimmed.len - 1] == ':')
        trimmed.len--;
    else if (!indented)
        return (fct_slice){"", 0};
    if (trimmed.len > 2 && trimmed.ptr[0] == '<' && trimmed.ptr[trimmed.len - 1] == '>')
        trimmed = (fct_slice){trimmed.ptr + 1, trimmed.len - 2};
    else if (!indented)
        return (fct_slice){"", 0};
    if (!memchr(trimmed.ptr, '@', trimmed.len) || memchr(trimmed.ptr, ' ', trimmed.len))
        return (fct_slice){"", 0};
    return trimmed;
}

/* The lines up to an empty one are why. */
static int read_reason(struct fct_report *report, fct_slice address, fct_slice *body)
{
    const char *start = body->ptr;
    struct fct_report_recipient *added;
    const char *end = start;

    while (body->len) {
        fct_slice line = fct_line_next(body);

        if (!fct_slice_trim(line).len)
            break;
        end = line.ptr + line.len;
    }
    if (report->recipient_count == FCT_REPORT_RECIPIENTS_MAX)
        return 0;
    added = fct_report_add(report, address, address, (fct_slice){start, (size_t)(end - start)});
    if (!added)
        return FACTEUR_ENOMEM;
    fct_report_status(fct_slice_of(added->diagnostic), added->status);
    strcpy(added->action, "failed");
    return 0;
}

static int read_body(struct fct_report *report, fct_slice body)
{
    int result = 0;

    while (!result && body.len) {
        fct_slice line = fct_line_next(&body), address = address_in(line);

        if (begins_copy(line)) {
            /* The header of the copy begins behind the empty lines. */
            while (body.len && (body.ptr[0] == '\n' || body.ptr[0] == '\r'))
                fct_line_next(&body);
            return fct_report_original(report, fct_head_of(body, &body), "Message-ID");
        }
        if (address.len)
            result = read_reason(report, address, &body);
    }
    return result;
}

/* Exim names them in a field, too. */
static int read_failed(struct fct_report *report, fct_slice list)
{
    while (list.len) {
        const char *comma = memchr(list.ptr, ',', list.len);
        size_t len = comma ? (size_t)(comma - list.ptr) : list.len, used = comma ? len + 1 : len;
        fct_slice address = fct_slice_trim((fct_slice){list.ptr, len});

        list = (fct_slice){list.ptr + used, list.len - used};
        if (address.len && report->recipient_count < FCT_REPORT_RECIPIENTS_MAX) {
            struct fct_report_recipient *added =
                fct_report_add(report, address, address, (fct_slice){"", 0});

            if (!added)
                return FACTEUR_ENOMEM;
            strcpy(added->action, "failed");
        }
    }
    return 0;
}

int fct_report_text(struct fct_report *report, fct_slice head, fct_slice body)
{
    static const fct_slice openings[] = {
        FCT_SLICE("Hi. This is the"), FCT_SLICE("This message was created automatically by mail"),
        FCT_SLICE("This is the mail system at host")};
    fct_slice start = {body.ptr, body.len < 4096 ? body.len : 4096};
    fct_buf failed = {0};
    bool has_list = fct_head_value(head, "X-Failed-Recipients", &failed), is = has_list;
    int result = 0;

    for (size_t i = 0; !is && i < sizeof openings / sizeof openings[0]; i++)
        is = contains(start, openings[i]);
    if (is)
        result = read_body(report, body);
    if (!result && has_list && !report->recipient_count)
        result = read_failed(report, fct_value_of(&failed));
    if (report->recipient_count)
        report->kind = FCT_REPORT_DELIVERY;
    result = failed.failed ? FACTEUR_ENOMEM : result;
    fct_buf_done(&failed);
    return result;
}
