/* SPDX-License-Identifier: MIT */
/*
 * failover(dsn dsn …) and roundrobin(dsn dsn …), nested: the shape alone.  What stands between the
 * parentheses is read by config/dsn.
 */
#ifndef FCT_GROUP_H
#define FCT_GROUP_H

#include "base/bytes.h"
#include "facteur.h"

#define FCT_MEMBERS_MAX 32
#define FCT_GROUP_NODES_MAX (2 * FCT_MEMBERS_MAX)

enum fct_group_kind { FCT_GROUP_MEMBER, FCT_GROUP_FAILOVER, FCT_GROUP_ROUNDROBIN };

/* In preorder: the children of node n begin at n + 1, the sibling of node c is nodes[c].end. */
struct fct_group_node {
    enum fct_group_kind kind;
    unsigned member; /* of FCT_GROUP_MEMBER */
    unsigned end;    /* behind the last node below */
};

typedef struct fct_group {
    struct fct_group_node nodes[FCT_GROUP_NODES_MAX];
    unsigned count;
    fct_slice parts[FCT_MEMBERS_MAX]; /* the members' DSNs, in the text that was parsed */
    unsigned member_count;
    fct_slice query; /* behind the last parenthesis */
} fct_group;

/*
 * A text that begins with neither word is one member as it stands.
 * FACTEUR_ECONFIG: a parenthesis without its other, nothing between two, too many or too deep.
 */
int fct_group_parse(fct_group *group, const char *text, facteur_error **error);

/* Whether it is one DSN without parentheses. */
static inline bool fct_group_is_one(const fct_group *group)
{
    return group->count == 1;
}

/*
 * The members in the order in which the mail number `turn` tries them, into `order`: failover from
 * the first on, roundrobin from another one each time.
 */
void fct_group_order(const fct_group *group, unsigned turn, unsigned char order[FCT_MEMBERS_MAX]);

#endif
