/* SPDX-License-Identifier: MIT */
#include "mime/report.h"

#include "base/memory.h"
#include "mime/media.h"
#include "mime/report_parts.h"
#include "mime/report_text.h"

#include <string.h>

#define DEPTH_MAX 4
#define ADDRESS_MAX 998u

/* ---- Values ---------------------------------------------------------------------------------- */

/* One line of printable text, cut to the length; bytes outside ASCII are kept. */
char *fct_report_line(fct_slice text, size_t max)
{
    fct_buf out = {0};
    bool space = false;

    for (size_t i = 0; i < text.len && out.len + space < max; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];

        if (byte <= ' ' || byte == 0x7f) {
            space = out.len > 0;
            continue;
        }
        if (space)
            fct_buf_add_char(&out, ' ');
        space = false;
        fct_buf_add_char(&out, (char)byte);
    }
    return fct_buf_take(&out, NULL);
}

/* "rfc822; a@b", "<a@b>": without its type and its brackets. */
static fct_slice address_of(fct_slice value)
{
    const char *semicolon = memchr(value.ptr, ';', value.len);

    if (semicolon)
        value = (fct_slice){semicolon + 1, value.len - (size_t)(semicolon + 1 - value.ptr)};
    value = fct_slice_trim(value);
    if (value.len >= 2 && value.ptr[0] == '<' && value.ptr[value.len - 1] == '>')
        value = (fct_slice){value.ptr + 1, value.len - 2};
    return value;
}

static void add_code_point(fct_buf *out, uint32_t code)
{
    if (code >= 0x10000)
        fct_buf_add_char(out, (char)(0xf0 | code >> 18));
    if (code >= 0x10000)
        fct_buf_add_char(out, (char)(0x80 | (code >> 12 & 0x3f)));
    else if (code >= 0x800)
        fct_buf_add_char(out, (char)(0xe0 | code >> 12));
    if (code >= 0x800)
        fct_buf_add_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
    else
        fct_buf_add_char(out, (char)(0xc0 | code >> 6));
    fct_buf_add_char(out, (char)(0x80 | (code & 0x3f)));
}

/* RFC 6533 section 3: "\\x{E9}" at `at`.  Returns its length, 0 when it is none. */
static size_t add_embedded(fct_buf *out, fct_slice text, size_t at)
{
    size_t len = 3;
    uint32_t code = 0;

    if (at + 4 >= text.len || memcmp(text.ptr + at, "\\x{", 3) != 0)
        return 0;
    for (; at + len < text.len && len < 9; len++) {
        int digit = fct_hex_digit((unsigned char)text.ptr[at + len]);

        if (digit < 0)
            break;
        code = code << 4 | (uint32_t)digit;
    }
    if (at + len >= text.len || text.ptr[at + len] != '}' || code < 0x80 || code > 0x10ffff ||
        (code >= 0xd800 && code < 0xe000))
        return 0;
    add_code_point(out, code);
    return len + 1;
}

/* RFC 3461 section 4: "+3D" is "=".  What is no such code stays. */
static void add_xtext(fct_buf *out, fct_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        int high = i + 2 < text.len ? fct_hex_digit((unsigned char)text.ptr[i + 1]) : -1;
        int low = i + 2 < text.len ? fct_hex_digit((unsigned char)text.ptr[i + 2]) : -1;
        bool upper = high >= 0 && low >= 0 && text.ptr[i + 1] < 'a' && text.ptr[i + 2] < 'a';
        size_t embedded = add_embedded(out, text, i);

        if (embedded) {
            i += embedded - 1;
        } else if (text.ptr[i] == '+' && upper && (high << 4 | low) >= 0x20) {
            fct_buf_add_char(out, (char)(high << 4 | low));
            i += 2;
        } else {
            fct_buf_add_char(out, text.ptr[i]);
        }
    }
}

static size_t count_digits(fct_slice text, size_t at)
{
    size_t count = 0;

    while (at + count < text.len && count < 3 && fct_is_digit(text.ptr[at + count]))
        count++;
    return count;
}

/* Where the status that begins here ends; 0 when none does. */
static size_t status_end(fct_slice text, size_t at)
{
    size_t subject, detail, end;
    char class = text.ptr[at];

    if ((class != '2' && class != '4' && class != '5') || at + 1 == text.len ||
        text.ptr[at + 1] != '.')
        return 0;
    subject = count_digits(text, at + 2);
    end = at + 2 + subject;
    if (!subject || end == text.len || text.ptr[end] != '.')
        return 0;
    detail = count_digits(text, end + 1);
    end += 1 + detail;
    /* Neither an address of IPv4, nor the beginning of a longer word. */
    if (!detail || (end < text.len && fct_is_alnum(text.ptr[end])) ||
        (end + 1 < text.len && text.ptr[end] == '.' && fct_is_digit(text.ptr[end + 1])))
        return 0;
    return end;
}

bool fct_report_status(fct_slice text, char status[12])
{
    for (size_t i = 0; i < text.len; i++) {
        size_t end = i && (fct_is_alnum(text.ptr[i - 1]) || text.ptr[i - 1] == '.')
                         ? 0
                         : status_end(text, i);

        if (end) {
            memcpy(status, text.ptr + i, end - i);
            status[end - i] = '\0';
            return true;
        }
    }
    return false;
}

struct fct_report_recipient *fct_report_add(struct fct_report *report, fct_slice address,
                                            fct_slice final, fct_slice diagnostic)
{
    size_t count = report->recipient_count;
    struct fct_report_recipient *more, *added;

    more = fct_reallocarray(report->recipients, count + 1, sizeof *more);
    if (!more)
        return NULL;
    report->recipients = more;
    added = &more[count];
    *added = (struct fct_report_recipient){
        .address = fct_report_line(address, ADDRESS_MAX),
        .final = fct_report_line(final, ADDRESS_MAX),
        .diagnostic = fct_report_line(diagnostic, FCT_REPORT_DIAGNOSTIC_MAX)};
    report->recipient_count++;
    return added->address && added->final && added->diagnostic ? added : NULL;
}

/* Set a text of the report that has none yet. */
static int set_once(char **text, fct_slice value)
{
    char *line;

    if ((*text && **text) || !value.len)
        return 0;
    line = fct_report_line(value, ADDRESS_MAX);
    if (!line)
        return FACTEUR_ENOMEM;
    fct_free(*text);
    *text = line;
    return 0;
}

/* The first identifier in a field: "<a@b> …" or "a@b". */
static fct_slice identifier_of(fct_slice value)
{
    const char *open = memchr(value.ptr, '<', value.len), *close;

    if (!open)
        return value;
    close = memchr(open, '>', value.len - (size_t)(open - value.ptr));
    return close ? (fct_slice){open + 1, (size_t)(close - open - 1)} : value;
}

int fct_report_original(struct fct_report *report, fct_slice head, const char *field)
{
    fct_buf value = {0};
    int result = 0;

    if (fct_head_value(head, field, &value))
        result = set_once(&report->message_id, identifier_of(fct_value_of(&value)));
    result = value.failed ? FACTEUR_ENOMEM : result;
    fct_buf_done(&value);
    return result;
}

/* ---- Delivery reports (RFC 3464) ------------------------------------------------------------- */

static void copy_word(char *out, size_t room, fct_slice value)
{
    size_t len = 0;

    while (len < value.len && len < room - 1 &&
           (fct_is_alnum(value.ptr[len]) || strchr(".-", value.ptr[len]))) {
        out[len] = (char)fct_ascii_lower(value.ptr[len]);
        len++;
    }
    out[len] = '\0';
}

/* "smtp; 550 5.1.1 …": without its type. */
static fct_slice diagnostic_of(fct_slice value)
{
    const char *semicolon = memchr(value.ptr, ';', value.len);
    size_t len = semicolon ? (size_t)(semicolon - value.ptr) : value.len;

    for (size_t i = 0; i < len; i++) {
        if (!fct_is_alnum(value.ptr[i]) && !strchr("-. \t", value.ptr[i]))
            return value;
    }
    return semicolon ? (fct_slice){semicolon + 1, value.len - len - 1} : value;
}

static int add_recipient(struct fct_report *report, fct_slice group, fct_slice original,
                         fct_slice final)
{
    fct_buf action = {0}, status = {0}, diagnostic = {0}, address = {0};
    struct fct_report_recipient *added;

    fct_head_value(group, "Action", &action);
    fct_head_value(group, "Status", &status);
    fct_head_value(group, "Diagnostic-Code", &diagnostic);
    add_xtext(&address, address_of(original.len ? original : final));
    added = fct_report_add(report, fct_value_of(&address), address_of(final),
                           diagnostic_of(fct_value_of(&diagnostic)));
    if (added) {
        copy_word(added->action, sizeof added->action, fct_value_of(&action));
        if (!fct_report_status(fct_value_of(&status), added->status))
            fct_report_status(fct_slice_of(added->diagnostic), added->status);
    }
    if (action.failed || status.failed || diagnostic.failed || address.failed)
        added = NULL;
    fct_buf_done(&action);
    fct_buf_done(&status);
    fct_buf_done(&diagnostic);
    fct_buf_done(&address);
    return added ? 0 : FACTEUR_ENOMEM;
}

static int read_group(struct fct_report *report, fct_slice group)
{
    fct_buf envid = {0}, plain = {0}, original = {0}, final = {0};
    int result = 0;

    if (fct_head_value(group, "Original-Envelope-Id", &envid)) {
        add_xtext(&plain, fct_value_of(&envid));
        result = set_once(&report->envid, fct_value_of(&plain));
    }
    fct_head_value(group, "Original-Recipient", &original);
    if ((fct_head_value(group, "Final-Recipient", &final) || original.len) && !result &&
        report->recipient_count < FCT_REPORT_RECIPIENTS_MAX)
        result = add_recipient(report, group, fct_value_of(&original), fct_value_of(&final));
    if (envid.failed || plain.failed || original.failed || final.failed)
        result = FACTEUR_ENOMEM;
    fct_buf_done(&envid);
    fct_buf_done(&plain);
    fct_buf_done(&original);
    fct_buf_done(&final);
    return result;
}

static int read_status(struct fct_report *report, fct_slice text)
{
    int result = 0;

    report->kind = FCT_REPORT_DELIVERY;
    while (!result && text.len) {
        fct_slice group = fct_head_of(text, &text);

        result = read_group(report, group);
    }
    return result;
}

/* ---- Complaints (RFC 5965) ------------------------------------------------------------------- */

static int read_feedback(struct fct_report *report, fct_slice text)
{
    fct_slice rest, head = fct_head_of(text, &rest);
    fct_buf type = {0}, to = {0}, envid = {0};
    int result = 0;

    report->kind = FCT_REPORT_COMPLAINT;
    if (fct_head_value(head, "Feedback-Type", &type))
        result = set_once(&report->feedback, fct_value_of(&type));
    for (char *at = report->feedback; at && *at; at++)
        *at = (char)fct_ascii_lower(*at);
    if (fct_head_value(head, "Original-Envelope-Id", &envid) && !result)
        result = set_once(&report->envid, fct_value_of(&envid));
    if (fct_head_value(head, "Original-Rcpt-To", &to) && !result) {
        fct_slice address = address_of(fct_value_of(&to));

        result = fct_report_add(report, address, address, (fct_slice){"", 0}) ? 0 : FACTEUR_ENOMEM;
    }
    if (type.failed || to.failed || envid.failed)
        result = FACTEUR_ENOMEM;
    fct_buf_done(&type);
    fct_buf_done(&to);
    fct_buf_done(&envid);
    return result;
}

/* ---- Parts ----------------------------------------------------------------------------------- */

static bool is_one_of(fct_slice type, const char *const *types)
{
    for (; *types; types++) {
        if (fct_type_is(type, fct_slice_of(*types)))
            return true;
    }
    return false;
}

static int read_original(struct fct_report *report, fct_slice text)
{
    fct_slice rest;

    return fct_report_original(report, fct_head_of(text, &rest), "Message-ID");
}

static int read_leaf(struct fct_report *report, fct_slice head, fct_slice type, fct_slice body)
{
    static const char *const statuses[] = {"message/delivery-status",
                                           "message/global-delivery-status", NULL};
    static const char *const originals[] = {"message/rfc822",
                                            "text/rfc822-headers",
                                            "text/rfc822-header",
                                            "message/rfc822-headers",
                                            "message/global",
                                            "message/global-headers",
                                            NULL};
    int (*read)(struct fct_report *, fct_slice) =
        is_one_of(type, statuses)                                 ? read_status
        : is_one_of(type, originals)                              ? read_original
        : fct_type_is(type, FCT_SLICE("message/feedback-report")) ? read_feedback
                                                                  : NULL;
    fct_buf plain = {0};
    int result;

    if (!read)
        return 0;
    fct_part_decode(head, body, &plain);
    result = plain.failed ? FACTEUR_ENOMEM : read(report, fct_value_of(&plain));
    fct_buf_done(&plain);
    return result;
}

static int read_part(struct fct_report *report, fct_slice part, unsigned depth)
{
    fct_slice body, head = fct_head_of(part, &body), boundary, one;
    fct_buf type = {0};
    int result = 0;

    fct_head_value(head, "Content-Type", &type);
    boundary = fct_type_parameter(fct_value_of(&type), FCT_SLICE("boundary"));
    if (fct_slice_starts_nocase(fct_value_of(&type), FCT_SLICE("multipart/")) && boundary.len) {
        while (!result && depth < DEPTH_MAX && fct_part_next(&body, boundary, &one))
            result = read_part(report, one, depth + 1);
    } else if (type.len) {
        result = read_leaf(report, head, fct_value_of(&type), body);
    }
    result = type.failed ? FACTEUR_ENOMEM : result;
    fct_buf_done(&type);
    return result;
}

int fct_report_read(struct fct_report *report, fct_slice message)
{
    fct_slice body, head = fct_head_of(message, &body);
    int result;

    *report = (struct fct_report){
        .envid = fct_strdup(""), .message_id = fct_strdup(""), .feedback = fct_strdup("")};
    result = report->envid && report->message_id && report->feedback ? 0 : FACTEUR_ENOMEM;
    if (!result)
        result = read_part(report, message, 0);
    if (!result && report->kind == FCT_REPORT_NONE)
        result = fct_report_text(report, head, body);
    /* Many name the mail that they answer. */
    if (!result && report->kind != FCT_REPORT_NONE)
        result = fct_report_original(report, head, "In-Reply-To");
    if (!result && report->kind != FCT_REPORT_NONE)
        result = fct_report_original(report, head, "References");
    if (result)
        fct_report_done(report);
    return result;
}

void fct_report_done(struct fct_report *report)
{
    for (size_t i = 0; i < report->recipient_count; i++) {
        fct_free(report->recipients[i].address);
        fct_free(report->recipients[i].final);
        fct_free(report->recipients[i].diagnostic);
    }
    fct_free(report->recipients);
    fct_free(report->envid);
    fct_free(report->message_id);
    fct_free(report->feedback);
    *report = (struct fct_report){0};
}
