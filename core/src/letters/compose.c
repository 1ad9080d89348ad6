/* SPDX-License-Identifier: MIT */
/* Makes the subject and the parts of a letter from the kind's data. */
#include "letters/composed.h"

#include "base/error.h"
#include "base/utf8.h"
#include "letters/no_reply.h"
#include "letters/own_words.h"
#include "letters/plain_name.h"

#include <string.h>

#define VIEW_FIELDS 40 /* room made at once */

static const struct fct_field option_fields[] = {
    FCT_FIELD(fct_letter_options, to, FCT_ADDRESSES),
    FCT_FIELD(fct_letter_options, from, FCT_ADDRESS),
    FCT_FIELD(fct_letter_options, reply_to, FCT_ADDRESSES),
    FCT_FIELD(fct_letter_options, locale, FCT_LINE),
    FCT_FIELD(fct_letter_options, subject, FCT_LINE),
    FCT_FIELD(fct_letter_options, message_id, FCT_ADDRESS),
    FCT_FIELD(fct_letter_options, date, FCT_ADDRESS),
    FCT_FIELD(fct_letter_options, key, FCT_ID),
    FCT_FIELD(fct_letter_options, words, FCT_RAW),
};
const struct fct_shape fct_letter_options_shape =
    FCT_SHAPE(fct_letter_options, option_fields, NULL);

fct_slice fct_first_of(fct_slice a, fct_slice b, const char *c)
{
    return a.len ? a : b.len ? b : fct_slice_of(c);
}

void fct_composed_done(struct fct_composed *composed)
{
    fct_buf_done(&composed->text);
    fct_buf_done(&composed->html);
}

/* Relays without SMTPUTF8 get no Reply-To whose local part is outside ASCII. */
static bool stays_in_reply_to(fct_slice mailbox)
{
    size_t end = mailbox.len, begin;

    while (end > 0 && mailbox.ptr[end - 1] != '@')
        end--;
    for (begin = end; begin > 0 && mailbox.ptr[begin - 1] != '<'; begin--)
        ;
    return fct_is_ascii((fct_slice){mailbox.ptr + begin, end - begin});
}

static bool is_answered(fct_slice reply_to)
{
    return !fct_is_no_reply(reply_to) && stays_in_reply_to(reply_to);
}

/* Whether an answer to the letter would be read: no letter asks for one that nobody reads. */
static bool is_answerable(const struct fct_letter_kind *kind, const void *data,
                          const struct fct_letter_options *options,
                          const struct fct_letter_defaults *defaults)
{
    const fct_slice *given = options->reply_to.at;
    fct_slice from =
        kind->from.address ? fct_shape_text(kind->shape, data, kind->from.address) : (fct_slice){0};
    fct_slice answers = kind->reply_to.address
                            ? fct_shape_text(kind->shape, data, kind->reply_to.address)
                            : (fct_slice){0};
    bool any = false;

    for (size_t i = 0; i < options->reply_to.count; i++) {
        any = any || fct_slice_trim(given[i]).len;
        if (fct_slice_trim(given[i]).len && is_answered(given[i]))
            return true;
    }
    if (any)
        return false;
    if (answers.len)
        return is_answered(answers);
    answers = fct_first_of(options->from, (fct_slice){0}, defaults ? defaults->from : NULL);
    return !fct_is_no_reply(answers.len ? answers : from);
}

static int render(const struct fct_letter_kind *kind, const struct fct_reading *reading,
                  const struct fct_words *words, const struct fct_letter_options *options,
                  bool answerable, struct fct_composed *composed)
{
    fct_slice subject;
    fct_view view;
    int result;

    fct_view_init(&view, words->arena, VIEW_FIELDS);
    fct_view_text(&view, "lang", fct_slice_of(fct_locale_language(words->locale)));
    fct_view_text(&view, "dir",
                  fct_locale_is_rtl(words->locale) ? FCT_SLICE("rtl") : FCT_SLICE("ltr"));
    fct_view_text(&view, "answerable", answerable ? FCT_SLICE("1") : (fct_slice){0});
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

/* Say that a stranger's name is left out.  Templates and header fields ask for themselves. */
static void note_name(const struct fct_letter_kind *kind, const struct fct_reading *reading,
                      const void *data, const struct fct_party *party)
{
    const struct fct_path path = {.name = party->name};
    fct_slice name = party->name && !party->own ? fct_shape_text(kind->shape, data, party->name)
                                                : (fct_slice){0};
    const char *fault = fct_plain_name_fault(name);

    if (fault)
        fct_shape_note(reading, &path, "%s, so no header field and no greeting has it", fault);
}

/*
 * Take the locale of the data, which may be what a stranger's browser says: unless its name can be
 * read, `out` stays NULL, with a note.
 */
static int try_locale(const struct fct_reading *reading, fct_slice name, fct_slice currency,
                      fct_locale **out)
{
    const struct fct_path path = {.name = "locale"};
    facteur_error *why = NULL;
    int result = fct_locale_take(name, currency, out, &why);

    if (result == FACTEUR_EMESSAGE && why && strcmp(facteur_error_where(why), "locale") == 0) {
        fct_shape_note(reading, &path, "%s; it is ignored", facteur_error_message(why));
        facteur_error_free(why);
        return 0;
    }
    if (result && !why)
        return fct_error_nomem(reading->error);
    return fct_error_pass(reading->error, result, why);
}

/* The locale of the letter's options, else of its data, else of the mailer, else English. */
static int take_locale(const struct fct_reading *reading, fct_slice asked, fct_slice data,
                       const char *standard, fct_slice currency, fct_locale **out)
{
    const struct fct_path path = {.name = "locale"};
    int result = !asked.len && data.len ? try_locale(reading, data, currency, out) : 0;

    if (result == 0 && !*out)
        result = fct_locale_take(asked.len ? asked : fct_slice_of(standard), currency, out,
                                 reading->error);
    if (result == 0 && !fct_locale_has_words(*out))
        fct_shape_note(reading, &path, "there are no words in this language, so they are English");
    return result;
}

int fct_composed_make(struct fct_composed *composed, const struct fct_letter_kind *kind,
                      const struct fct_reading *reading, const json_t *json,
                      const struct fct_letter_options *options,
                      const struct fct_letter_defaults *defaults)
{
    void *data = fct_arena_alloc(reading->arena, 1, kind->shape->size);
    struct fct_words words = {.arena = reading->arena};
    int result;

    if (!data)
        return fct_error_nomem(reading->error);
    composed->data = data;
    result = fct_shape_read(reading, NULL, json, kind->shape, data);
    if (result == 0 && kind->check)
        result = kind->check(reading, data);
    if (result)
        return result;
    note_name(kind, reading, data, &kind->to);
    note_name(kind, reading, data, &kind->reply_to);
    result = take_locale(reading, options->locale, fct_shape_text(kind->shape, data, "locale"),
                         defaults ? defaults->locale : NULL,
                         fct_shape_text(kind->shape, data, "currency"), &words.locale);
    if (result)
        return result;
    words.catalogue = *fct_locale_catalogue(words.locale);
    if (options->words)
        result = fct_own_words_put(reading, options->words, &words.catalogue);
    if (result == 0 && kind->complete)
        result = kind->complete(reading, data, words.locale);
    if (result == 0)
        result = render(kind, reading, &words, options,
                        is_answerable(kind, data, options, defaults), composed);
    fct_locale_put(words.locale);
    return result;
}
