/* SPDX-License-Identifier: MIT */
/* Makes a message of a composed letter: sets its From, its recipients and its Reply-To. */
#include "letters/letter.h"

#include "base/error.h"
#include "letters/composed.h"
#include "letters/plain_name.h"
#include "mime/address.h"
#include "mime/message.h"

struct letter {
    const struct fct_letter_kind *kind;
    fct_arena arena;
    struct fct_reading reading;
    fct_notes notes;
    const struct fct_letter_defaults *defaults;
    json_t *json;
    json_t *options_json;
    struct fct_letter_options options;
    struct fct_composed composed;
    facteur_message *message;
};

static int letter_open(struct letter *letter, const char *json, size_t len, const char *options,
                       size_t options_len, const struct fct_letter_defaults *defaults,
                       facteur_error **error)
{
    static const struct fct_letter_defaults none;
    int result;

    letter->reading = (struct fct_reading){&letter->arena, error, &letter->notes};
    letter->defaults = defaults ? defaults : &none;
    result = fct_json_load(json, len, &letter->json, &letter->notes, error);
    if (result == 0 && options) {
        result = fct_json_load(options, options_len, &letter->options_json, &letter->notes, error);
        if (result)
            fct_error_prefix(error, "options");
    }
    if (result == 0 && options)
        result = fct_shape_read(&letter->reading, NULL, letter->options_json,
                                &fct_letter_options_shape, &letter->options);
    return result;
}

static int letter_close(struct letter *letter, int result, facteur_message **out)
{
    if (result == 0)
        *out = letter->message;
    else
        facteur_message_free(letter->message);
    fct_composed_done(&letter->composed);
    json_decref(letter->json);
    json_decref(letter->options_json);
    fct_notes_done(&letter->notes);
    fct_arena_done(&letter->arena);
    return result;
}

static int set(struct letter *letter, const char *field, fct_slice value)
{
    if (!value.len)
        return 0;
    return facteur_message_set(letter->message, field, value.ptr, value.len, letter->reading.error);
}

static int set_list(struct letter *letter, const char *field, const struct fct_series *list)
{
    const fct_slice *texts = list->at;
    int result = 0;

    for (size_t i = 0; i < list->count && result == 0; i++)
        result = set(letter, field, texts[i]);
    return result;
}

/* Set one mailbox from the JSON.  An error names its place there, not the header. */
static int add_mailbox(struct letter *letter, const char *field, fct_slice name, fct_slice address,
                       const char *where, facteur_error **error)
{
    facteur_error *inner = NULL;
    int result = facteur_message_add_mailbox(letter->message, field, name.len ? name.ptr : NULL,
                                             name.len, address.ptr, address.len, &inner);
    if (result == FACTEUR_ENOMEM)
        fct_error_nomem(error);
    else if (result)
        fct_error_set(error, result, where, "%s",
                      inner ? facteur_error_message(inner) : facteur_error_text(result));
    facteur_error_free(inner);
    return result;
}

/* Whether a list of addresses holds any text. */
static bool is_given(const struct fct_series *list)
{
    const fct_slice *texts = list->at;

    for (size_t i = 0; i < list->count; i++) {
        if (fct_slice_trim(texts[i]).len)
            return true;
    }
    return false;
}

static fct_slice text_at(const struct letter *letter, const char *path)
{
    if (!path)
        return (fct_slice){0};
    return fct_shape_text(letter->kind->shape, letter->composed.data, path);
}

/* A party's name, unless a stranger put a link into it. */
static fct_slice name_of(const struct letter *letter, const struct fct_party *party)
{
    fct_slice name = text_at(letter, party->name);

    return party->own || !fct_plain_name_fault(name) ? name : (fct_slice){0};
}

/* Set a party of the kind as a mailbox, if it has an address. */
static int add_party(struct letter *letter, const char *field, const struct fct_party *party)
{
    fct_slice address = text_at(letter, party->address);

    if (!address.len)
        return 0;
    return add_mailbox(letter, field, name_of(letter, party), address, party->address,
                       letter->reading.error);
}

/*
 * Set the recipient whose address is in the data.  People mistype their addresses: the letter is
 * composed all the same, and the receipt says why it went to nobody.
 */
static int add_addressee(struct letter *letter, const struct fct_party *to)
{
    fct_slice address = text_at(letter, to->address);
    facteur_error *why = NULL;
    int result;

    if (!address.ptr)
        return fct_error_set(letter->reading.error, FACTEUR_EMESSAGE, to->address,
                             "missing: the letter has no recipient; give it, or the option \"to\"");
    if (address.len)
        result = add_mailbox(letter, "to", name_of(letter, to), address, to->address, &why);
    else
        result = fct_error_set(&why, FACTEUR_EMESSAGE, to->address,
                               "empty: the letter has no recipient");
    if (result != FACTEUR_EMESSAGE || !why)
        return fct_error_pass(letter->reading.error, why || !result ? result : FACTEUR_ENOMEM, why);
    fct_notes_add(&letter->notes, "%s", facteur_error_sentence(why));
    fct_message_keep_unaddressed(letter->message, why);
    return 0;
}

/* The site's own address, to which the letter goes, if it is one: it may come from there, too. */
static int set_own_from(struct letter *letter)
{
    fct_slice site = fct_slice_of(letter->defaults->contact_to);
    fct_address_list list = {0};
    int result = site.len ? fct_address_list_parse(&list, "from", site, NULL) : FACTEUR_EMESSAGE;
    bool one = result == 0 && fct_address_list_mailboxes(&list) == 1;

    fct_address_list_done(&list);
    if (result == FACTEUR_ENOMEM)
        return fct_error_nomem(letter->reading.error);
    return one ? set(letter, "from", site) : 0;
}

static int set_from(struct letter *letter)
{
    const struct fct_letter_kind *kind = letter->kind;
    fct_slice from = fct_first_of(letter->options.from, (fct_slice){0}, letter->defaults->from);

    if (from.len)
        return set(letter, "from", from);
    return kind->from.address || kind->to.address ? add_party(letter, "from", &kind->from)
                                                  : set_own_from(letter);
}

static int set_reply_to(struct letter *letter)
{
    if (is_given(&letter->options.reply_to))
        return set_list(letter, "reply_to", &letter->options.reply_to);
    return add_party(letter, "reply_to", &letter->kind->reply_to);
}

static int set_to(struct letter *letter)
{
    const struct fct_party *to = &letter->kind->to;
    fct_slice site = fct_slice_of(letter->defaults->contact_to);

    if (is_given(&letter->options.to))
        return set_list(letter, "to", &letter->options.to);
    if (!to->address && !site.len)
        return fct_error_set(letter->reading.error, FACTEUR_EMESSAGE, "to",
                             "missing: set the mailer's option contact_to, or give \"to\"");
    if (!to->address)
        return set(letter, "to", site);
    return add_addressee(letter, to);
}

static int set_key(struct letter *letter)
{
    fct_slice key = letter->options.key;

    if (!key.len)
        key = fct_letter_kind_key(letter->kind, letter->composed.data, letter->reading.arena);
    if (letter->arena.failed || (key.len && !fct_message_keep_key(letter->message, key)))
        return fct_error_nomem(letter->reading.error);
    return 0;
}

static fct_slice part(const fct_buf *buf)
{
    return (fct_slice){buf->ptr, buf->len};
}

/* Make the message.  It is marked as automatic (RFC 3834) unless a human wrote it. */
static int build(struct letter *letter)
{
    int result;

    letter->message = facteur_message_new();
    if (!letter->message)
        return fct_error_nomem(letter->reading.error);
    fct_message_be_letter(letter->message);
    result = set(letter, "subject", letter->composed.subject);
    if (result == 0)
        result = set(letter, "text", part(&letter->composed.text));
    if (result == 0)
        result = set(letter, "html", part(&letter->composed.html));
    if (result == 0)
        result = set(letter, "message_id", letter->options.message_id);
    if (result == 0)
        result = set(letter, "date", letter->options.date);
    if (result == 0)
        result = set_from(letter);
    if (result == 0)
        result = set_reply_to(letter);
    if (result == 0)
        result = set_to(letter);
    if (result == 0)
        result = set_key(letter);
    if (result == 0 && fct_message_take_notes(letter->message, &letter->notes))
        result = fct_error_nomem(letter->reading.error);
    if (result || letter->kind->by_human)
        return result;
    return facteur_message_add_header(letter->message, "Auto-Submitted", "auto-generated",
                                      FACTEUR_NTS, letter->reading.error);
}

int fct_letter_compose(const char *kind, const char *json, size_t len, const char *options,
                       size_t options_len, const struct fct_letter_defaults *defaults,
                       facteur_message **out, facteur_error **error)
{
    struct letter letter = {0};
    int result = fct_letter_kind_find(kind, &letter.kind, error);

    if (result == 0)
        result = letter_open(&letter, json, len, options, options_len, defaults, error);
    if (result == 0)
        result = fct_composed_make(&letter.composed, letter.kind, &letter.reading, letter.json,
                                   &letter.options, letter.defaults);
    if (result == 0)
        result = build(&letter);
    return letter_close(&letter, result, out);
}
