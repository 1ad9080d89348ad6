dnl SPDX-License-Identifier: MIT
dnl The PHP extension: the core and ext/ in one facteur.so.
dnl core/sources.list is the one list of the core's files, core/libraries.list that of its libraries (docs/architecture.md);
dnl meson.build and setup.py read them too.

PHP_ARG_ENABLE([facteur],
  [whether to enable facteur],
  [AS_HELP_STRING([--enable-facteur], [Enable facteur: transactional mail over SMTP])])

if test "$PHP_FACTEUR" != "no"; then
  AC_PATH_PROG([PKG_CONFIG], [pkg-config], [no])
  if test "$PKG_CONFIG" = "no"; then
    AC_MSG_ERROR([facteur needs pkg-config (Debian pkg-config, RPM pkgconf-pkg-config, Alpine pkgconf)])
  fi

  AC_MSG_CHECKING([for the libraries of facteur])
  facteur_modules=
  facteur_missing=
  facteur_left_out=
  facteur_macros=
  facteur_optional=
  while read -r facteur_name facteur_lowest facteur_need facteur_debian facteur_rpm facteur_alpine facteur_sources; do
    facteur_unwanted=no
    if test "$facteur_need" = "optional"; then
      facteur_optional="$facteur_optional $facteur_name"
      dnl Optional libraries to leave out, separated by spaces.
      case " $FACTEUR_WITHOUT " in *" $facteur_name "*) facteur_unwanted=yes ;; esac
    fi
    if test "$facteur_unwanted" = "yes"; then
      facteur_left_out="$facteur_left_out $facteur_sources"
    elif $PKG_CONFIG --exists "$facteur_name >= $facteur_lowest" </dev/null; then
      facteur_modules="$facteur_modules $facteur_name"
      if test "$facteur_need" = "optional"; then
        facteur_macro=`echo "$facteur_name" | tr 'a-z.-' 'A-Z__'`
        facteur_macros="$facteur_macros -DFCT_WITH_$facteur_macro"
      fi
    elif test "$facteur_need" = "optional"; then
      facteur_left_out="$facteur_left_out $facteur_sources"
    else
      facteur_missing="$facteur_missing
    $facteur_name >= $facteur_lowest (Debian $facteur_debian, RPM $facteur_rpm, Alpine $facteur_alpine)"
    fi
  done <"$abs_srcdir/core/libraries.list"
  for facteur_name in $FACTEUR_WITHOUT; do
    case " $facteur_optional " in
      *" $facteur_name "*) ;;
      *) AC_MSG_ERROR([FACTEUR_WITHOUT names "$facteur_name", which is not an optional library; there are:$facteur_optional]) ;;
    esac
  done
  if test -n "$facteur_missing"; then
    AC_MSG_RESULT([missing])
    AC_MSG_ERROR([install what facteur needs:$facteur_missing])
  fi
  AC_MSG_RESULT([$facteur_modules])
  PHP_EVAL_INCLINE([`$PKG_CONFIG --cflags $facteur_modules`])
  PHP_EVAL_LIBLINE([`$PKG_CONFIG --libs $facteur_modules`], [FACTEUR_SHARED_LIBADD])
  PHP_ADD_LIBRARY([pthread],, [FACTEUR_SHARED_LIBADD])
  PHP_SUBST([FACTEUR_SHARED_LIBADD])

  facteur_core=
  for facteur_source in `cat "$abs_srcdir/core/sources.list"`; do
    case " $facteur_left_out " in
      *" $facteur_source "*) ;;
      *) facteur_core="$facteur_core $facteur_source" ;;
    esac
  done
  facteur_ext="ext/facteur.c ext/facteur_attachment.c ext/facteur_basedir.c ext/facteur_enqueue.c ext/facteur_error.c \
    ext/facteur_fiber.c ext/facteur_fields.c ext/facteur_info.c ext/facteur_ini.c ext/facteur_json.c ext/facteur_letter.c ext/facteur_mailer.c ext/facteur_many.c \
    ext/facteur_message.c ext/facteur_options.c ext/facteur_outbox.c ext/facteur_receipt.c
    ext/facteur_signing.c ext/facteur_stored.c ext/facteur_token.c ext/facteur_value.c"

  dnl The core lies within the extension: FACTEUR_API is nothing, so that get_module is all that is exported.
  PHP_NEW_EXTENSION([facteur], [$facteur_core $facteur_ext], [$ext_shared],,
    [-std=gnu11 -fvisibility=hidden -DFACTEUR_API=$facteur_macros -Wall -I@ext_srcdir@/core/include -I@ext_srcdir@/core/src])

  PHP_ADD_BUILD_DIR([$ext_builddir/ext])
  for facteur_folder in `$SED -e '/^$/d' -e 's,/@<:@^/@:>@*$,,' "$abs_srcdir/core/sources.list" | sort -u`; do
    PHP_ADD_BUILD_DIR([$ext_builddir/$facteur_folder])
  done

  PHP_ADD_EXTENSION_DEP([facteur], [json])
  PHP_ADD_EXTENSION_DEP([facteur], [date])
fi
