/* SPDX-License-Identifier: MIT */
/*
 * token: fn (string $relay, string $username): array|string => ….  The callable belongs to the
 * Mailer object of a request; the token that it gives, to the connections, which outlive it.
 */
#include "php_facteur.h"

#include "Zend/zend_exceptions.h"

/* A string is a token, also one that is the name of a function. */
void php_facteur_token_take(struct php_facteur_token *token, HashTable *options)
{
    zval *value = zend_hash_str_find(options, "token", sizeof("token") - 1), yes;

    if (!value)
        return;
    ZVAL_DEREF(value);
    if (Z_TYPE_P(value) == IS_STRING || !zend_is_callable(value, 0, NULL))
        return;
    ZVAL_COPY(&token->callable, value);
    zend_hash_str_del(options, "token", sizeof("token") - 1);
    ZVAL_TRUE(&yes);
    zend_hash_str_update(options, "token_callback", sizeof("token_callback") - 1, &yes);
}

/* "…", or ["…", seconds].  Neither is ever told in an error. */
static int give(zval *returned, facteur_token *token)
{
    zval *text = returned, *life = NULL;

    if (Z_TYPE_P(returned) == IS_ARRAY && zend_hash_num_elements(Z_ARRVAL_P(returned)) == 2) {
        text = zend_hash_index_find_deref(Z_ARRVAL_P(returned), 0);
        life = zend_hash_index_find_deref(Z_ARRVAL_P(returned), 1);
        if (!life || (Z_TYPE_P(life) != IS_LONG && Z_TYPE_P(life) != IS_DOUBLE))
            text = NULL;
    }
    if (!text || Z_TYPE_P(text) != IS_STRING) {
        facteur_token_fail(token,
                           "the token callable returned neither string nor [string, seconds]");
        return -1;
    }
    if (facteur_token_give(token, Z_STRVAL_P(text), Z_STRLEN_P(text),
                           life ? zval_get_double(life) : 0) == 0)
        return 0;
    facteur_token_fail(token, "the token callable returned something that is not a bearer token");
    return -1;
}

/* What exit() throws goes on by itself; everything else waits for the receipt. */
static void keep_thrown(struct php_facteur_token *self, facteur_token *token)
{
    zend_object *thrown = EG(exception);
    char sentence[160];

    if (zend_is_unwind_exit(thrown) || zend_is_graceful_exit(thrown))
        return;
    snprintf(sentence, sizeof(sentence), "the token callable threw %s", ZSTR_VAL(thrown->ce->name));
    facteur_token_fail(token, sentence);
    if (self->thrown)
        OBJ_RELEASE(self->thrown);
    self->thrown = thrown;
    GC_ADDREF(thrown);
    zend_clear_exception();
}

int php_facteur_token_ask(void *user, const char *relay, const char *username, facteur_token *token)
{
    struct php_facteur_token *self = user;
    zval arguments[2], returned;
    int failed = -1;

    facteur_token_fail(token, "the script ended in the token callable");
    if (EG(exception) || self->bailed)
        return -1;
    ZVAL_UNDEF(&returned);
    ZVAL_STRING(&arguments[0], relay);
    ZVAL_STRING(&arguments[1], username);
    self->asking++;
    /* The end of the script may not leave the core in the middle of it. */
    zend_try
    {
        call_user_function(NULL, NULL, &self->callable, &returned, 2, arguments);
    }
    zend_catch
    {
        self->bailed = true;
    }
    zend_end_try();
    self->asking--;
    /* It may have given way to other fibers. */
    php_facteur_enter();
    if (self->bailed)
        return -1;
    if (EG(exception))
        keep_thrown(self, token);
    else
        failed = give(&returned, token);
    zval_ptr_dtor(&returned);
    zval_ptr_dtor(&arguments[0]);
    zval_ptr_dtor(&arguments[1]);
    return failed;
}

bool php_facteur_token_settle(struct php_facteur_token *token, facteur_receipt *receipt)
{
    if (!token->bailed && !EG(exception))
        return true;
    facteur_receipt_free(receipt);
    if (token->bailed) {
        /* The functions that run at the end of the script may send. */
        token->bailed = false;
        zend_bailout();
    }
    return false;
}

void php_facteur_token_chain(struct php_facteur_token *token)
{
    if (token->thrown && EG(exception))
        zend_exception_set_previous(EG(exception), token->thrown);
    else if (token->thrown)
        OBJ_RELEASE(token->thrown);
    token->thrown = NULL;
}

void php_facteur_token_done(struct php_facteur_token *token)
{
    if (token->thrown)
        OBJ_RELEASE(token->thrown);
    zval_ptr_dtor(&token->callable);
}
