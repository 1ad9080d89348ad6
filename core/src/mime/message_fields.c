/* SPDX-License-Identifier: MIT */
/* The functions of facteur.h that describe the table of a message's fields. */
#include "mime/message_fields.h"

#include "base/bytes.h"
#include "facteur.h"

#include <string.h>

struct told {
    const char *name, *list, *choices, *def, *help;
    enum facteur_field_type type;
    int finished;
};

static const struct told table[] = {
#define TOLD(name, type, list, choices, def, finished, setter, member, help)                       \
    {#name, list, choices, def, help, FACTEUR_FIELD_##type, finished},
    FCT_MESSAGE_FIELDS(TOLD)
#undef TOLD
};

#define COUNT (sizeof table / sizeof table[0])

/* The row, or one of empty texts after the end. */
static const struct told *row(size_t index)
{
    static const struct told none = {"", "", "", "", "", FACTEUR_FIELD_text, 0};

    return index < COUNT ? &table[index] : &none;
}

size_t facteur_message_field_count(void)
{
    return COUNT;
}

const char *facteur_message_field_name(size_t index)
{
    return row(index)->name;
}

enum facteur_field_type facteur_message_field_type(size_t index)
{
    return row(index)->type;
}

const char *facteur_message_field_list(size_t index)
{
    return row(index)->list;
}

const char *facteur_message_field_choices(size_t index)
{
    return row(index)->choices;
}

const char *facteur_message_field_default(size_t index)
{
    return row(index)->def;
}

int facteur_message_field_finished(size_t index)
{
    return row(index)->finished;
}

const char *facteur_message_field_help(size_t index)
{
    return row(index)->help;
}

const char *facteur_field_type_name(enum facteur_field_type type)
{
    static const char *const names[] = {
#define NAME(name) #name,
        FACTEUR_FIELD_TYPES(NAME)
#undef NAME
    };

    return (size_t)type < FACTEUR_FIELD_TYPE_COUNT ? names[type] : "";
}

/* Names that other mail libraries have for fields, in lower case and without "_". */
static const char *const others[][2] = {
    {"body plain plaintext plainbody textbody altbody textmessage message content textcontent",
     "\"text\" (or \"html\" if it is HTML)"},
    {"htmlbody htmlmessage htmlcontent bodyhtml richtext", "\"html\""},
    {"fromemail fromaddress senderemail mailfrom addfrom setfrom", "\"from\""},
    {"recipient recipients recipientlist toemail toaddress toemails addaddress", "\"to\""},
    {"ccaddress ccemails addcc", "\"cc\""},
    {"bccaddress bccemails addbcc", "\"bcc\""},
    {"returnpath bounce envelope bounceto", "\"envelope_from\""},
    {"attachment attach files attachfile", "\"attachments\""},
    {"customheaders extraheaders header", "\"headers\""},
    {"title topic", "\"subject\""},
};

static bool is_among(const char *words, const char *name)
{
    while (*words) {
        size_t len = strcspn(words, " "), at = 0;
        const char *byte = name;

        for (; *byte && at <= len; byte++) {
            if (*byte == '_')
                continue;
            if (at == len || fct_ascii_lower((unsigned char)*byte) != words[at])
                break;
            at++;
        }
        if (!*byte && at == len)
            return true;
        words += len + (words[len] == ' ');
    }
    return false;
}

const char *fct_message_field_meant(const char *name)
{
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (is_among(others[i][0], name))
            return others[i][1];
    return NULL;
}
