/* SPDX-License-Identifier: MIT */
/*
 * The shape of failover(dsn dsn …) and roundrobin(dsn dsn …), which can be nested.  config/dsn
 * reads the DSNs between the parentheses.
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
    unsigned end;    /* after the last node below it */
};

typedef struct fct_group {
    struct fct_group_node nodes[FCT_GROUP_NODES_MAX];
    unsigned count;
    fct_slice parts[FCT_MEMBERS_MAX]; /* the members' DSNs, in the text that was parsed */
    unsigned member_count;
    fct_slice query; /* after the last parenthesis */
} fct_group;

/*
 * Read the shape.  A text that begins with neither word is one member.  Returns 0, or
 * FACTEUR_ECONFIG when a parenthesis is missing or empty, or when there are too many members or
 * levels.
 */
int fct_group_parse(fct_group *group, const char *text, facteur_error **error);

/* Whether it is one DSN without parentheses. */
static inline bool fct_group_is_one(const fct_group *group)
{
    return group->count == 1;
}

/*
 * Store in `order` the members as mail number `turn` tries them: a failover begins with the first
 * member, a roundrobin with another one each time.
 */
void fct_group_order(const fct_group *group, unsigned turn, unsigned char order[FCT_MEMBERS_MAX]);

#endif
