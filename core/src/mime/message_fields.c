/* SPDX-License-Identifier: MIT */
/* The functions of facteur.h that describe the table of a message's fields. */
#include "mime/message_fields.h"

#include "facteur.h"

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
