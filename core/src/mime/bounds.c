/* SPDX-License-Identifier: MIT */
#include "mime/bounds.h"

#include "base/error.h"
#include "mime/builder.h"

static int check(const char *option, const char *what, uint64_t has, uint64_t most,
                 facteur_error **error)
{
    if (has <= most)
        return 0;
    return fct_error_set(error, FACTEUR_EMESSAGE, option,
                         "the message has %llu %s, and the option %s allows %llu",
                         (unsigned long long)has, what, option, (unsigned long long)most);
}

/* The bytes up to the empty line.  The content always begins with whole lines in memory. */
static int measure_head(fct_mail *mail, uint64_t *bytes)
{
    fct_mail_reader *reader = fct_mail_reader_new(mail);
    size_t matched = 0;
    fct_slice run;
    bool stable;

    if (!reader)
        return FACTEUR_ENOMEM;
    for (*bytes = 0; matched < 4 && fct_mail_reader_next(reader, &run, &stable) > 0;) {
        for (size_t i = 0; i < run.len && matched < 4; i++, *bytes += 1) {
            if (run.ptr[i] == "\r\n\r\n"[matched])
                matched++;
            else
                matched = run.ptr[i] == '\r';
        }
    }
    fct_mail_reader_free(reader);
    return 0;
}

int fct_bounds_check(const struct fct_bounds *bounds, const facteur_message *message,
                     fct_mail *mail, facteur_error **error)
{
    uint64_t size = fct_mail_size(mail), head;
    int result = check("max_recipients", "recipients", fct_mail_recipient_count(mail),
                       bounds->recipients, error);

    if (!result)
        result = check("max_parts", "attachments and alternatives",
                       message->part_count + message->alternative_count, bounds->parts, error);
    if (!result)
        result = check("max_message_bytes", "bytes", size, bounds->message_bytes, error);
    if (result || size <= bounds->header_bytes)
        return result;
    if (measure_head(mail, &head))
        return fct_error_nomem(error);
    return check("max_header_bytes", "bytes of header", head, bounds->header_bytes, error);
}
