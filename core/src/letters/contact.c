/* SPDX-License-Identifier: MIT */
/* The contact form's letter: a visitor's words, shown to the site's owner as text and nothing else.
 */
#include "letters/composed.h"

#include "base/error.h"
#include "letters/words.h"

#define FIELD(type, member, kind)                                                                  \
    {                                                                                              \
#member, kind, offsetof(struct type, member), false, NULL                                  \
    }
#define CONTACT_FIELDS 16
#define SUBJECT_MAX 120 /* bytes of a visitor's words in a subject */

static const struct fct_field field_fields[] = {
    {"name", FCT_LINE, offsetof(struct fct_contact_field, name), true, NULL},
    FIELD(fct_contact_field, value, FCT_PROSE),
};
static const struct fct_shape field_shape = {field_fields,
                                             sizeof field_fields / sizeof field_fields[0],
                                             sizeof(struct fct_contact_field), NULL};

static const struct fct_field contact_fields[] = {
    FIELD(fct_contact, name, FCT_LINE),
    FIELD(fct_contact, email, FCT_MAILBOX),
    FIELD(fct_contact, subject, FCT_LINE),
    FIELD(fct_contact, message, FCT_PROSE),
    {"fields", FCT_OBJECTS, offsetof(struct fct_contact, fields), false, &field_shape},
    FIELD(fct_contact, page_url, FCT_LINE),
    FIELD(fct_contact, ip, FCT_LINE),
    FIELD(fct_contact, user_agent, FCT_LINE),
    FIELD(fct_contact, locale, FCT_LINE),
    FIELD(fct_contact, token, FCT_LINE),
    FIELD(fct_contact, trap, FCT_LINE),
};
const struct fct_shape fct_contact_shape = {contact_fields,
                                            sizeof contact_fields / sizeof contact_fields[0],
                                            sizeof(struct fct_contact), NULL};

static fct_slice cap(const struct fct_words *words, fct_slice text)
{
    size_t len = SUBJECT_MAX;
    fct_buf out = {0};
    fct_slice result;

    if (text.len <= SUBJECT_MAX)
        return text;
    while (len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
        len--;
    fct_buf_add(&out, text.ptr, len);
    fct_buf_add_text(&out, "\xe2\x80\xa6");
    result = fct_arena_take(words->arena, &out);
    fct_buf_done(&out);
    return result;
}

static fct_slice subject_of(const struct fct_words *words, const struct fct_contact *form)
{
    fct_slice none = {0};

    if (form->subject.len)
        return fct_words_with(words, "contact_subject", "subject", cap(words, form->subject), NULL,
                              none);
    if (form->name.len && fct_is_plain_name(form->name))
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

static void add_fields(const struct fct_words *words, const struct fct_contact *form,
                       fct_view *view)
{
    const struct fct_contact_field *field = form->fields.at;
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

static void fill_view(const struct fct_words *words, const struct fct_contact *form, fct_view *view)
{
    fct_slice visitor =
        fct_words_join(words, form->name, "\n", fct_clean_line(words->arena, form->email));
    fct_slice facts = fact(words, (fct_slice){0}, "contact_page", "page_url", form->page_url);

    facts = fact(words, facts, "contact_ip", "ip", form->ip);
    facts = fact(words, facts, "contact_user_agent", "user_agent", form->user_agent);
    if (!fct_view_init(view, words->arena, CONTACT_FIELDS))
        return;
    fct_view_text(view, "lang", fct_slice_of(fct_locale_language(words->locale)));
    fct_view_text(view, "dir",
                  fct_locale_is_rtl(words->locale) ? FCT_SLICE("rtl") : FCT_SLICE("ltr"));
    fct_view_text(view, "email", form->email);
    fct_view_text(view, "visitor", visitor);
    fct_view_text(view, "visitor_text", fct_words_indent(words, visitor));
    fct_view_text(view, "subject_given", form->subject);
    fct_view_text(view, "message", form->message);
    add_fields(words, form, view);
    fct_view_text(view, "facts", facts);
}

static int render(const struct fct_reading *reading, const struct fct_words *words,
                  const struct fct_contact *form, const struct fct_letter_options *options,
                  struct fct_composed *composed)
{
    fct_view view;
    int result;

    fill_view(words, form, &view);
    composed->subject = options->subject.len ? options->subject : subject_of(words, form);
    fct_view_text(&view, "subject", composed->subject);
    if (words->arena->failed)
        return fct_error_nomem(reading->error);
    result = fct_words_render(words, "contact.txt", &view, &composed->text, reading->error);
    if (result)
        return result;
    return fct_words_render(words, "contact.html", &view, &composed->html, reading->error);
}

static bool says_nothing(const struct fct_contact *form)
{
    const struct fct_contact_field *field = form->fields.at;

    for (size_t i = 0; i < form->fields.count; i++) {
        if (field[i].value.len)
            return false;
    }
    return !form->message.len;
}

int fct_contact_compose(const struct fct_reading *reading, const json_t *json,
                        const struct fct_letter_options *options,
                        const struct fct_letter_defaults *defaults, struct fct_contact *form,
                        struct fct_composed *composed)
{
    const struct fct_path trap = {.name = "trap"}, message = {.name = "message"};
    struct fct_words words = {.arena = reading->arena};
    int result = fct_shape_read(reading, NULL, json, &fct_contact_shape, form);

    if (result)
        return result;
    if (form->trap.len)
        return fct_shape_refuse(reading, &trap,
                                "filled in, so a program wrote this form: show the usual thanks "
                                "and send nothing");
    if (says_nothing(form))
        return fct_shape_refuse(reading, &message, "missing, and no field has a value either");
    form->email = fct_slice_trim(form->email);
    result = fct_locale_take(
        fct_first_of(options->locale, form->locale, defaults ? defaults->locale : NULL),
        (fct_slice){0}, &words.locale, reading->error);
    if (result)
        return result;
    result = render(reading, &words, form, options, composed);
    fct_locale_put(words.locale);
    return result;
}
