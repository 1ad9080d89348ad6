/* SPDX-License-Identifier: MIT */
/*
 * The engines behind shared mailers, one for each configuration.  One without a handle stays for
 * the next caller who asks for its configuration.  It leaves when it was not used for some minutes,
 * or when there are too many such engines and it was used the longest ago.
 */
#ifndef FCT_REGISTRY_H
#define FCT_REGISTRY_H

#include "mailer/engine.h"

/*
 * The engine with this plan, which is taken over, also on failure.  It has one handle more, to be
 * given back with fct_registry_give().  NULL: no memory.
 */
fct_engine *fct_registry_take(fct_plan *plan);

/*
 * Give back a handle.  After the last one the engine waits for the next caller, and may be closed.
 */
void fct_registry_give(fct_engine *engine);

/*
 * Close the engines whose time is over: send QUIT without waiting for its answer.  When there is
 * none this only reads the clock.  Any thread that is not inside a driver may call it.
 */
void fct_registry_sweep(void);

/*
 * The same for every engine that has no handle and no mail in progress.  Returns whether there was
 * one.
 */
bool fct_registry_empty(void);

#endif
