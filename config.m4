dnl SPDX-License-Identifier: MIT
dnl The PHP extension: the core and ext/ in one facteur.so.
dnl core/sources.list is the one list of the core's files; meson.build and setup.py read it too.

PHP_ARG_ENABLE([facteur],
  [whether to enable facteur],
  [AS_HELP_STRING([--enable-facteur], [Enable facteur: transactional mail over SMTP])])

AC_DEFUN([FACTEUR_NEED], [
  if $PKG_CONFIG --exists "$1 >= $2"; then
    facteur_modules="$facteur_modules $1"
  else
    facteur_missing="$facteur_missing
    $1 >= $2 (Debian $3, RPM $4, Alpine $5)"
  fi
])

if test "$PHP_FACTEUR" != "no"; then
  AC_PATH_PROG([PKG_CONFIG], [pkg-config], [no])
  if test "$PKG_CONFIG" = "no"; then
    AC_MSG_ERROR([facteur needs pkg-config (Debian pkg-config, RPM pkgconf-pkg-config, Alpine pkgconf)])
  fi

  AC_MSG_CHECKING([for the libraries of facteur])
  facteur_modules=
  facteur_missing=
  FACTEUR_NEED([openssl], [3.0], [libssl-dev], [openssl-devel], [openssl-dev])
  FACTEUR_NEED([libuv], [1.44], [libuv1-dev], [libuv-devel], [libuv-dev])
  FACTEUR_NEED([libcares], [1.16], [libc-ares-dev], [c-ares-devel], [c-ares-dev])
  FACTEUR_NEED([icu-i18n], [67], [libicu-dev], [libicu-devel], [icu-dev])
  FACTEUR_NEED([icu-uc], [67], [libicu-dev], [libicu-devel], [icu-dev])
  FACTEUR_NEED([jansson], [2.13], [libjansson-dev], [jansson-devel], [jansson-dev])
  FACTEUR_NEED([libxml-2.0], [2.9.10], [libxml2-dev], [libxml2-devel], [libxml2-dev])
  if test -n "$facteur_missing"; then
    AC_MSG_RESULT([missing])
    AC_MSG_ERROR([install what facteur needs:$facteur_missing])
  fi
  AC_MSG_RESULT([$facteur_modules])
  PHP_EVAL_INCLINE([`$PKG_CONFIG --cflags $facteur_modules`])
  PHP_EVAL_LIBLINE([`$PKG_CONFIG --libs $facteur_modules`], [FACTEUR_SHARED_LIBADD])
  PHP_ADD_LIBRARY([pthread],, [FACTEUR_SHARED_LIBADD])
  PHP_SUBST([FACTEUR_SHARED_LIBADD])

  facteur_core=`$SED -e '/^$/d' "$abs_srcdir/core/sources.list" | tr '\n' ' '`
  facteur_ext="ext/facteur.c ext/facteur_attachment.c ext/facteur_basedir.c ext/facteur_error.c ext/facteur_info.c \
    ext/facteur_ini.c ext/facteur_json.c ext/facteur_letter.c ext/facteur_mailer.c ext/facteur_many.c \
    ext/facteur_message.c ext/facteur_options.c ext/facteur_receipt.c
    ext/facteur_signing.c ext/facteur_token.c"

  dnl The core lies within the extension: FACTEUR_API is nothing, so that get_module is all that is exported.
  PHP_NEW_EXTENSION([facteur], [$facteur_core $facteur_ext], [$ext_shared],,
    [-std=gnu11 -fvisibility=hidden -DFACTEUR_API= -Wall -I@ext_srcdir@/core/include -I@ext_srcdir@/core/src])

  PHP_ADD_BUILD_DIR([$ext_builddir/ext])
  for facteur_folder in `$SED -e '/^$/d' -e 's,/@<:@^/@:>@*$,,' "$abs_srcdir/core/sources.list" | sort -u`; do
    PHP_ADD_BUILD_DIR([$ext_builddir/$facteur_folder])
  done

  PHP_ADD_EXTENSION_DEP([facteur], [json])
  PHP_ADD_EXTENSION_DEP([facteur], [date])
fi
