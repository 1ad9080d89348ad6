/* SPDX-License-Identifier: MIT */
#include "relays/task.h"

#include "base/error.h"
#include "base/memory.h"
#include "relays/provider.h"

int fct_task_make_variants(struct fct_task *task, const fct_plan *plan, facteur_error **error)
{
    int err = 0;

    task->variants = NULL;
    if (!task->mail || !fct_mail_labels(task->mail)->text.len)
        return 0;
    task->variants = fct_calloc(plan->member_count, sizeof(fct_mail *));
    if (!task->variants)
        return fct_error_nomem(error);
    for (unsigned i = 0; !err && i < plan->member_count; i++)
        err = fct_provider_mail(plan->members[i].dsn.preset, task->mail, &task->variants[i], error);
    if (err)
        fct_task_drop_variants(task, plan);
    return err;
}

void fct_task_drop_variants(struct fct_task *task, const fct_plan *plan)
{
    for (unsigned i = 0; task->variants && i < plan->member_count; i++)
        fct_mail_unref(task->variants[i]);
    fct_free(task->variants);
    task->variants = NULL;
}
