/* SPDX-License-Identifier: MIT */
/* A doubly linked list whose links live in the objects: FIFO queues without allocation. */
#ifndef FCT_LIST_H
#define FCT_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct fct_list {
    struct fct_list *next;
    struct fct_list *prev;
} fct_list;

/* The object of type `type` whose member `member` is the link `link`. */
#define FCT_ENTRY(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void fct_list_init(fct_list *list)
{
    list->next = list;
    list->prev = list;
}

static inline bool fct_list_empty(const fct_list *list)
{
    return list->next == list;
}

static inline void fct_list_push(fct_list *list, fct_list *link)
{
    link->prev = list->prev;
    link->next = list;
    list->prev->next = link;
    list->prev = link;
}

static inline void fct_list_push_front(fct_list *list, fct_list *link)
{
    fct_list_push(list->next, link);
}

/* A removed link is a list of its own, so it may be removed again. */
static inline void fct_list_remove(fct_list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    fct_list_init(link);
}

static inline fct_list *fct_list_first(const fct_list *list)
{
    return fct_list_empty(list) ? NULL : list->next;
}

#endif
