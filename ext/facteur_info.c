/* SPDX-License-Identifier: MIT */
/* The section of phpinfo(): versions, and the ini settings without their secrets. */
#include "php_facteur.h"

#include "ext/standard/info.h"
#include "php_ini.h"

#include <ares.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <unicode/uversion.h>
#include <uv.h>

PHP_MINFO_FUNCTION(facteur)
{
    UVersionInfo icu;
    char icu_text[U_MAX_VERSION_STRING_LENGTH];

    u_getVersion(icu);
    u_versionToString(icu, icu_text);
    php_info_print_table_start();
    php_info_print_table_row(2, "facteur support", "enabled");
    php_info_print_table_row(2, "facteur version", facteur_version());
    php_info_print_table_row(2, "OpenSSL", OpenSSL_version(OPENSSL_VERSION));
    php_info_print_table_row(2, "libuv", uv_version_string());
    php_info_print_table_row(2, "c-ares", ares_version(NULL));
    php_info_print_table_row(2, "ICU", icu_text);
    php_info_print_table_row(2, "jansson", jansson_version_str());
    php_info_print_table_end();
    display_ini_entries(zend_module);
}
