/* SPDX-License-Identifier: MIT */
/* The section of phpinfo(): versions, counts, and the ini settings without their secrets. */
#include "php_facteur.h"

#include "ext/standard/info.h"
#include "php_ini.h"

#include <ares.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <unicode/uversion.h>
#include <uv.h>

PHP_MINFO_FUNCTION(facteur)
{
    UVersionInfo icu;
    char icu_text[U_MAX_VERSION_STRING_LENGTH], counts[96];
    size_t used, resting, left;

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
    php_info_print_table_row(2, "SQLite", sqlite3_libversion());
    facteur_shared_count(&used, &resting, &left);
    snprintf(counts, sizeof(counts), "%zu in use, %zu at rest, %zu left", used, resting, left);
    php_info_print_table_row(2, "shared mailers", counts);
    php_info_print_table_end();
    display_ini_entries(zend_module);
}
