/* SPDX-License-Identifier: MIT */
/* The contact form's letter: a visitor's words, shown to the site's owner as text only. */
#include "base/error.h"
#include "base/utf8.h"
#include "letters/letter_kind.h"
#include "letters/plain_name.h"
#include "mime/address.h"

struct contact_field {
    fct_slice name, value;
};

/* core/schema/contact.json */
struct contact {
    fct_slice name, email, subject, message, page_url, ip, user_agent, locale, token, trap;
    fct_slice typed; /* the address as the visitor typed it; `email` is empty when it is none */
    struct fct_series fields; /* struct contact_field */
};

#define SUBJECT_MAX 120   /* bytes of the visitor's words in a subject */
#define PREHEADER_MAX 240 /* bytes of them in the preview of a list of mails */

static const struct fct_field field_fields[] = {
    FCT_NEEDED(contact_field, name, FCT_LINE),
    FCT_FIELD(contact_field, value, FCT_PROSE),
};
static const struct fct_shape field_shape = FCT_SHAPE(contact_field, field_fields, NULL);

static const struct fct_field contact_fields[] = {
    FCT_FIELD(contact, name, FCT_LINE),
    FCT_FIELD(contact, email, FCT_ADDRESS),
    FCT_FIELD(contact, subject, FCT_LINE),
    FCT_FIELD(contact, message, FCT_PROSE),
    FCT_PART(contact, fields, FCT_OBJECTS, field_shape),
    FCT_FIELD(contact, page_url, FCT_LINE),
    FCT_FIELD(contact, ip, FCT_LINE),
    FCT_FIELD(contact, user_agent, FCT_LINE),
    FCT_FIELD(contact, locale, FCT_LINE),
    FCT_FIELD(contact, token, FCT_LINE),
    FCT_FIELD(contact, trap, FCT_LINE),
};
static const struct fct_shape contact_shape = FCT_SHAPE(contact, contact_fields, NULL);

static fct_slice cap(const struct fct_words *words, fct_slice text, size_t max)
{
    fct_slice start = fct_utf8_cut(text, max);

    return start.len < text.len ? fct_words_join(words, start, "", FCT_SLICE("\xe2\x80\xa6"))
                                : text;
}

static fct_slice subject_of(const struct fct_words *words, const struct contact *form)
{
    fct_slice none = {0};

    if (form->subject.len)
        return fct_words_with(words, "contact_subject", "subject",
                              cap(words, form->subject, SUBJECT_MAX), NULL, none);
    if (form->name.len && !fct_plain_name_fault(form->name))
        return fct_words_with(words, "contact_subject_name", "name", form->name, NULL, none);
    return fct_words_label(words, "contact_subject_default", NULL);
}

static fct_slice fact(const struct fct_words *words, fct_slice facts, const char *key,
                      const char *name, fct_slice value)
{
    if (!value.len)
        return facts;
    return fct_words_join(words, facts, "\n",
                          fct_words_with(words, key, name, value, NULL, (fct_slice){0}));
}

static void add_fields(const struct fct_words *words, const struct contact *form, fct_view *view)
{
    const struct contact_field *field = form->fields.at;
    fct_view *views = fct_arena_alloc(words->arena, form->fields.count, sizeof *views);
    size_t count = 0;

    for (size_t i = 0; views && i < form->fields.count; i++, field++) {
        if (!field->value.len)
            continue;
        if (!fct_view_init(&views[count], words->arena, 3))
            return;
        fct_view_text(&views[count], "name", field->name);
        fct_view_text(&views[count], "value", field->value);
        fct_view_text(&views[count], "value_text", fct_words_indent(words, field->value));
        count++;
    }
    if (views)
        fct_view_list(view, "fields", views, count);
}

/* What a list of mails shows beside the subject: the message's first words, or those of a field. */
static fct_slice preheader(const struct fct_words *words, const struct contact *form)
{
    const struct contact_field *field = form->fields.at;
    fct_slice text = form->message;

    for (size_t i = 0; !text.len && i < form->fields.count; i++)
        text = field[i].value;
    return cap(words, fct_clean_line(words->arena, text), PREHEADER_MAX);
}

static fct_slice show(const struct fct_words *words, const void *data, fct_view *view)
{
    const struct contact *form = data;
    fct_slice visitor =
        fct_words_join(words, form->name, "\n", fct_clean_line(words->arena, form->typed));
    fct_slice facts = fact(words, (fct_slice){0}, "contact_page", "page_url", form->page_url);

    facts = fact(words, facts, "contact_ip", "ip", form->ip);
    facts = fact(words, facts, "contact_user_agent", "user_agent", form->user_agent);
    fct_view_text(view, "email", form->email);
    fct_view_text(view, "visitor", visitor);
    fct_view_text(view, "visitor_text", fct_words_indent(words, visitor));
    fct_view_text(view, "subject_given", form->subject);
    fct_view_text(view, "message", form->message);
    fct_view_text(view, "preheader", preheader(words, form));
    add_fields(words, form, view);
    fct_view_text(view, "facts", facts);
    return subject_of(words, form);
}

static bool says_nothing(const struct contact *form)
{
    const struct contact_field *field = form->fields.at;

    for (size_t i = 0; i < form->fields.count; i++) {
        if (field[i].value.len)
            return false;
    }
    return !form->message.len;
}

/* The owner must hear of a visitor who mistyped an address; only an answer has nowhere to go. */
static int check_address(const struct fct_reading *reading, struct contact *form)
{
    const struct fct_path path = {.name = "email"};
    facteur_error *why = NULL;
    fct_buf wire = {0};
    int result;

    form->typed = form->email = fct_slice_trim(form->email);
    result = form->email.len ? fct_address_parse_one(&wire, "email", form->email, &why) : 0;
    fct_buf_done(&wire);
    if (result != FACTEUR_EMESSAGE || !why)
        return fct_error_pass(reading->error, why || !result ? result : FACTEUR_ENOMEM, why);
    fct_shape_note(reading, &path, "left out of Reply-To, because this is no address: %s",
                   facteur_error_message(why));
    facteur_error_free(why);
    form->email = (fct_slice){0};
    return 0;
}

static int check(const struct fct_reading *reading, void *data)
{
    const struct fct_path trap = {.name = "trap"}, message = {.name = "message"};
    struct contact *form = data;

    if (form->trap.len)
        return fct_shape_refuse(reading, &trap,
                                "filled in, so a program wrote this form: show the usual thanks "
                                "and send nothing");
    if (says_nothing(form))
        return fct_shape_refuse(reading, &message, "missing, and no field has a value either");
    return check_address(reading, form);
}

/* The visitor is never the sender, only the Reply-To: anything else breaks DMARC. */
const struct fct_letter_kind fct_letter_contact_form = {
    .name = "contact_form",
    .schema = "contact",
    .shape = &contact_shape,
    .text = "contact_form.txt",
    .html = "contact_form.html",
    .reply_to = {"name", "email", false},
    .by_human = true,
    .check = check,
    .show = show,
};
