/* SPDX-License-Identifier: MIT */
#include "config/group.h"

#include "base/error.h"
#include "config/authority.h"

#include <string.h>

#define DEPTH_MAX 8
#define ADVICE "; a ')' that belongs to a relay's own DSN is written %29"

struct reader {
    fct_group *group;
    const char *text, *at;
    facteur_error **error;
};

/* The text is not shown, because it may be a piece of a password. */
static int refuse(const struct reader *reader, const char *what, const char *place,
                  const char *advice)
{
    return fct_error_set(reader->error, FACTEUR_ECONFIG, "dsn", "%s at position %zu of the DSN%s",
                         what, fct_text_position(reader->text, place), advice);
}

static int add_node(struct reader *reader, enum fct_group_kind kind, unsigned *index)
{
    fct_group *group = reader->group;

    if (group->count == FCT_GROUP_NODES_MAX ||
        (kind == FCT_GROUP_MEMBER && group->member_count == FCT_MEMBERS_MAX))
        return refuse(reader, "more than 32 relays", reader->at, "");
    *index = group->count++;
    group->nodes[*index] =
        (struct fct_group_node){.kind = kind, .member = group->member_count, .end = group->count};
    return 0;
}

/* "failover://a b" and "Failover (a b)", which other libraries read. */
static bool looks_like_group(fct_slice text)
{
    return fct_slice_starts_nocase(text, FCT_SLICE("failover")) ||
           fct_slice_starts_nocase(text, FCT_SLICE("roundrobin"));
}

static int add_member(struct reader *reader, size_t len)
{
    unsigned index;
    int err = add_node(reader, FCT_GROUP_MEMBER, &index);

    if (err)
        return err;
    if (looks_like_group((fct_slice){reader->at, len}))
        return refuse(reader, "a group of relays that does not begin with its '('", reader->at,
                      ": write failover(dsn dsn …) or roundrobin(dsn dsn …), in lower case");
    reader->group->parts[reader->group->member_count++] = (fct_slice){reader->at, len};
    reader->at += len;
    return 0;
}

/* The word that begins here with its parenthesis: its length, or 0. */
static size_t word_at(const char *at, enum fct_group_kind *kind)
{
    if (strncmp(at, "failover(", 9) == 0) {
        *kind = FCT_GROUP_FAILOVER;
        return 9;
    }
    *kind = FCT_GROUP_ROUNDROBIN;
    return strncmp(at, "roundrobin(", 11) == 0 ? 11 : 0;
}

static int read_group(struct reader *reader, unsigned depth);

/* The text between two spaces or parentheses. */
static int read_item(struct reader *reader, unsigned depth)
{
    enum fct_group_kind kind;

    if (word_at(reader->at, &kind))
        return read_group(reader, depth + 1);
    return add_member(reader, strcspn(reader->at, " )"));
}

static int read_group(struct reader *reader, unsigned depth)
{
    enum fct_group_kind kind;
    const char *open = reader->at + word_at(reader->at, &kind) - 1;
    unsigned index = 0;
    int err;

    if (depth > DEPTH_MAX)
        return refuse(reader, "parentheses nested more than eight deep", open, "");
    err = add_node(reader, kind, &index);
    reader->at = open + 1;
    while (!err) {
        reader->at += strspn(reader->at, " ");
        if (!*reader->at)
            return refuse(reader, "there is no ')' for the '('", open, "");
        if (*reader->at == ')')
            break;
        err = read_item(reader, depth);
        if (!err && *reader->at && !strchr(" )", *reader->at))
            return refuse(reader, "something other than a space follows ')'", reader->at, ADVICE);
    }
    if (err)
        return err;
    if (reader->group->count == index + 1)
        return refuse(reader, "there is nothing between the parentheses", open, "");
    reader->group->nodes[index].end = reader->group->count;
    reader->at++;
    return 0;
}

int fct_group_parse(fct_group *group, const char *text, facteur_error **error)
{
    struct reader reader = {.group = group, .text = text, .at = text, .error = error};
    enum fct_group_kind kind;
    int err;

    memset(group, 0, sizeof *group);
    if (!word_at(text, &kind))
        return add_member(&reader, strlen(text));
    if (strlen(text) > FCT_AUTHORITY_MAX)
        return fct_error_set(error, FACTEUR_ECONFIG, "dsn", "the DSN is longer than %d bytes",
                             FCT_AUTHORITY_MAX);
    err = read_group(&reader, 1);
    if (err)
        return err;
    if (*reader.at == '?')
        group->query = fct_slice_of(reader.at + 1);
    else if (*reader.at)
        return refuse(&reader, "something other than options follows ')'", reader.at, ADVICE);
    return 0;
}

/* Append the members below a node.  Returns how many there are now. */
static unsigned order_node(const fct_group *group, unsigned at, unsigned turn, unsigned char *order,
                           unsigned count)
{
    const struct fct_group_node *node = &group->nodes[at];
    unsigned children[FCT_GROUP_NODES_MAX], child_count = 0, start;

    if (node->kind == FCT_GROUP_MEMBER) {
        order[count] = (unsigned char)node->member;
        return count + 1;
    }
    for (unsigned child = at + 1; child < node->end; child = group->nodes[child].end)
        children[child_count++] = child;
    start = node->kind == FCT_GROUP_ROUNDROBIN ? turn % child_count : 0;
    /* A roundrobin below this one advances once in each of its own turns, not with every mail. */
    if (node->kind == FCT_GROUP_ROUNDROBIN)
        turn /= child_count;
    for (unsigned i = 0; i < child_count; i++)
        count = order_node(group, children[(start + i) % child_count], turn, order, count);
    return count;
}

void fct_group_order(const fct_group *group, unsigned turn, unsigned char order[FCT_MEMBERS_MAX])
{
    order_node(group, 0, turn, order, 0);
}
