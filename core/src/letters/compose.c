/* SPDX-License-Identifier: MIT */
/* Makes the subject and the parts of a letter from the kind's data. */
#include "letters/composed.h"

#include "base/error.h"

#define VIEW_FIELDS 40      /* room made at once */
#define HEADER_NAME_MAX 100 /* bytes of a display name in a header */

static const struct fct_field option_fields[] = {
    FCT_FIELD(fct_letter_options, to, FCT_MAILBOXES),
    FCT_FIELD(fct_letter_options, from, FCT_MAILBOX),
    FCT_FIELD(fct_letter_options, reply_to, FCT_MAILBOXES),
    FCT_FIELD(fct_letter_options, locale, FCT_LINE),
    FCT_FIELD(fct_letter_options, subject, FCT_LINE),
    FCT_FIELD(fct_letter_options, message_id, FCT_MAILBOX),
    FCT_FIELD(fct_letter_options, date, FCT_MAILBOX),
};
const struct fct_shape fct_letter_options_shape =
    FCT_SHAPE(fct_letter_options, option_fields, NULL);

fct_slice fct_first_of(fct_slice a, fct_slice b, const char *c)
{
    return a.len ? a : b.len ? b : fct_slice_of(c);
}

/*
 * Whether a text has something like "shop.example" or "www.shop": letters or digits, a point, at
 * least two letters.
 */
static bool has_domain(fct_slice name)
{
    for (size_t i = 1; i + 2 < name.len; i++) {
        if (name.ptr[i] == '.' && fct_is_alnum((unsigned char)name.ptr[i - 1]) &&
            fct_is_alpha((unsigned char)name.ptr[i + 1]) &&
            fct_is_alpha((unsigned char)name.ptr[i + 2]))
            return true;
    }
    return false;
}

bool fct_is_plain_name(fct_slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '@' ||
            (name.ptr[i] == '/' && i + 1 < name.len && name.ptr[i + 1] == '/'))
            return false;
    }
    return name.len <= HEADER_NAME_MAX && !has_domain(name);
}

void fct_composed_done(struct fct_composed *composed)
{
    fct_buf_done(&composed->text);
    fct_buf_done(&composed->html);
}

static int render(const struct fct_letter_kind *kind, const struct fct_reading *reading,
                  const struct fct_words *words, const struct fct_letter_options *options,
                  struct fct_composed *composed)
{
    fct_slice subject;
    fct_view view;
    int result;

    fct_view_init(&view, words->arena, VIEW_FIELDS);
    fct_view_text(&view, "lang", fct_slice_of(fct_locale_language(words->locale)));
    fct_view_text(&view, "dir",
                  fct_locale_is_rtl(words->locale) ? FCT_SLICE("rtl") : FCT_SLICE("ltr"));
    subject = kind->show(words, composed->data, &view);
    composed->subject = options->subject.len ? options->subject : subject;
    fct_view_text(&view, "subject", composed->subject);
    if (words->arena->failed)
        return fct_error_nomem(reading->error);
    result = fct_words_render(words, kind->text, &view, &composed->text, reading->error);
    if (result)
        return result;
    return fct_words_render(words, kind->html, &view, &composed->html, reading->error);
}

int fct_composed_make(struct fct_composed *composed, const struct fct_letter_kind *kind,
                      const struct fct_reading *reading, const json_t *json,
                      const struct fct_letter_options *options,
                      const struct fct_letter_defaults *defaults)
{
    void *data = fct_arena_alloc(reading->arena, 1, kind->shape->size);
    struct fct_words words = {.arena = reading->arena};
    fct_slice locale;
    int result;

    if (!data)
        return fct_error_nomem(reading->error);
    composed->data = data;
    result = fct_shape_read(reading, NULL, json, kind->shape, data);
    if (result == 0 && kind->check)
        result = kind->check(reading, data);
    if (result)
        return result;
    locale = fct_first_of(options->locale, fct_shape_text(kind->shape, data, "locale"),
                          defaults ? defaults->locale : NULL);
    result = fct_locale_take(locale, fct_shape_text(kind->shape, data, "currency"), &words.locale,
                             reading->error);
    if (result)
        return result;
    if (kind->complete)
        result = kind->complete(reading, data, words.locale);
    if (result == 0)
        result = render(kind, reading, &words, options, composed);
    fct_locale_put(words.locale);
    return result;
}
