/* SPDX-License-Identifier: MIT */
/* This is a generated file, edit the .stub.php file instead.
 * Stub hash: 854e19bc9b0eb9c863fae3ceffb5d52993075892 */

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_facteur_send_letter, 0, 2, Facteur\\Receipt, 0)
	ZEND_ARG_TYPE_INFO(0, kind, IS_STRING, 0)
	ZEND_ARG_TYPE_MASK(0, data, MAY_BE_ARRAY|MAY_BE_STRING, NULL)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, options, IS_ARRAY, 0, "[]")
	ZEND_ARG_VARIADIC_TYPE_INFO(0, named, IS_MIXED, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_facteur_send_order_confirmation, 0, 1, Facteur\\Receipt, 0)
	ZEND_ARG_TYPE_MASK(0, order, MAY_BE_ARRAY|MAY_BE_STRING, NULL)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, options, IS_ARRAY, 0, "[]")
	ZEND_ARG_VARIADIC_TYPE_INFO(0, named, IS_MIXED, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_facteur_send_contact_form, 0, 1, Facteur\\Receipt, 0)
	ZEND_ARG_TYPE_MASK(0, form, MAY_BE_ARRAY|MAY_BE_STRING, NULL)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, options, IS_ARRAY, 0, "[]")
	ZEND_ARG_VARIADIC_TYPE_INFO(0, named, IS_MIXED, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_Facteur_address_check, 0, 1, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO(0, address, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_Facteur_letter, 0, 2, Facteur\\Message, 0)
	ZEND_ARG_TYPE_INFO(0, kind, IS_STRING, 0)
	ZEND_ARG_TYPE_MASK(0, data, MAY_BE_ARRAY|MAY_BE_STRING, NULL)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, options, IS_ARRAY, 0, "[]")
	ZEND_ARG_VARIADIC_TYPE_INFO(0, named, IS_MIXED, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_Facteur_letter_kinds, 0, 0, IS_ARRAY, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_Facteur_order_confirmation, 0, 1, Facteur\\Message, 0)
	ZEND_ARG_TYPE_MASK(0, order, MAY_BE_ARRAY|MAY_BE_STRING, NULL)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, options, IS_ARRAY, 0, "[]")
	ZEND_ARG_VARIADIC_TYPE_INFO(0, named, IS_MIXED, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_Facteur_contact_form, 0, 1, Facteur\\Message, 0)
	ZEND_ARG_TYPE_MASK(0, form, MAY_BE_ARRAY|MAY_BE_STRING, NULL)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, options, IS_ARRAY, 0, "[]")
	ZEND_ARG_VARIADIC_TYPE_INFO(0, named, IS_MIXED, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_Facteur_version, 0, 0, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Facteur_Error_jsonSerialize, 0, 0, IS_MIXED, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_Facteur_Error___serialize arginfo_Facteur_letter_kinds

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Facteur_Error___unserialize, 0, 1, IS_VOID, 0)
	ZEND_ARG_TYPE_INFO(0, data, IS_ARRAY, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_Facteur_Mailer___construct, 0, 0, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, dsn, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, options, IS_ARRAY, 0, "[]")
	ZEND_ARG_VARIADIC_TYPE_INFO(0, named, IS_MIXED, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_Facteur_Mailer_send, 0, 1, Facteur\\Receipt, 0)
	ZEND_ARG_OBJ_INFO(0, message, Facteur\\Message, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, deadline, IS_DOUBLE, 0, "0.0")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_Facteur_Mailer_sendMany, 0, 1, Facteur\\Receipts, 0)
	ZEND_ARG_OBJ_TYPE_MASK(0, messages, Traversable, MAY_BE_ARRAY, NULL)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, deadline, IS_DOUBLE, 0, "0.0")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_Facteur_Mailer_enqueue, 0, 1, Facteur\\Receipt, 0)
	ZEND_ARG_OBJ_INFO(0, message, Facteur\\Message, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, key, IS_STRING, 1, "null")
	ZEND_ARG_OBJ_TYPE_MASK(0, not_before, DateTimeInterface, MAY_BE_DOUBLE|MAY_BE_NULL, "null")
	ZEND_ARG_OBJ_TYPE_MASK(0, expires_at, DateTimeInterface, MAY_BE_DOUBLE|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, priority, IS_LONG, 1, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Facteur_Mailer_enqueueMany, 0, 1, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO(0, messages, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, keys, IS_ARRAY, 0, "[]")
	ZEND_ARG_OBJ_TYPE_MASK(0, not_before, DateTimeInterface, MAY_BE_DOUBLE|MAY_BE_NULL, "null")
	ZEND_ARG_OBJ_TYPE_MASK(0, expires_at, DateTimeInterface, MAY_BE_DOUBLE|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, priority, IS_LONG, 1, "null")
ZEND_END_ARG_INFO()

#define arginfo_class_Facteur_Mailer_sendLetter arginfo_facteur_send_letter

#define arginfo_class_Facteur_Mailer_sendOrderConfirmation arginfo_facteur_send_order_confirmation

#define arginfo_class_Facteur_Mailer_sendContactForm arginfo_facteur_send_contact_form

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Facteur_Mailer_check, 0, 0, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, deadline, IS_DOUBLE, 0, "0.0")
ZEND_END_ARG_INFO()

#define arginfo_class_Facteur_Mailer_stats arginfo_Facteur_letter_kinds

#define arginfo_class_Facteur_Mailer_captured arginfo_Facteur_letter_kinds

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Facteur_Mailer_clearCaptured, 0, 0, IS_VOID, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_Facteur_Mailer_close arginfo_class_Facteur_Mailer_clearCaptured

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Facteur_Mailer_turn, 0, 0, IS_VOID, 0)
	ZEND_ARG_VARIADIC_TYPE_INFO(0, ignored, IS_MIXED, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_Facteur_Message___construct, 0, 0, 0)
	ZEND_ARG_TYPE_MASK(0, from, MAY_BE_ARRAY|MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_MASK(0, to, MAY_BE_ARRAY|MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, subject, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, text, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, html, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_MASK(0, cc, MAY_BE_ARRAY|MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_MASK(0, bcc, MAY_BE_ARRAY|MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_MASK(0, reply_to, MAY_BE_ARRAY|MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_MASK(0, sender, MAY_BE_ARRAY|MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, attachments, IS_ARRAY, 0, "[]")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, headers, IS_ARRAY, 0, "[]")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, envelope_from, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, message_id, IS_STRING, 1, "null")
	ZEND_ARG_OBJ_TYPE_MASK(0, date, DateTimeInterface, MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_MASK(0, in_reply_to, MAY_BE_ARRAY|MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_MASK(0, references, MAY_BE_ARRAY|MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_MASK(0, list_unsubscribe, MAY_BE_ARRAY|MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_MASK(0, tags, MAY_BE_ARRAY|MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, metadata, IS_ARRAY, 0, "[]")
	ZEND_ARG_TYPE_MASK(0, dsn_notify, MAY_BE_ARRAY|MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, dsn_return, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, envelope_id, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, require_tls, _IS_BOOL, 0, "false")
	ZEND_ARG_TYPE_MASK(0, deliver_by, MAY_BE_LONG|MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_MASK(0, mt_priority, MAY_BE_LONG|MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, priority, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, alternatives, IS_ARRAY, 0, "[]")
	ZEND_ARG_TYPE_MASK(0, smime, MAY_BE_ARRAY|MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_VARIADIC_TYPE_INFO(0, others, IS_MIXED, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_Facteur_Message_fromBytes, 0, 1, Facteur\\Message, 0)
	ZEND_ARG_TYPE_INFO(0, bytes, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, envelope_from, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, recipients, IS_ARRAY, 0, "[]")
	ZEND_ARG_TYPE_MASK(0, tags, MAY_BE_ARRAY|MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, metadata, IS_ARRAY, 0, "[]")
	ZEND_ARG_TYPE_MASK(0, dsn_notify, MAY_BE_ARRAY|MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, dsn_return, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, envelope_id, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, require_tls, _IS_BOOL, 0, "false")
	ZEND_ARG_TYPE_MASK(0, deliver_by, MAY_BE_LONG|MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_MASK(0, mt_priority, MAY_BE_LONG|MAY_BE_STRING|MAY_BE_NULL, "null")
	ZEND_ARG_TYPE_MASK(0, smime, MAY_BE_ARRAY|MAY_BE_STRING|MAY_BE_NULL, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_Facteur_Message_fromJson, 0, 1, Facteur\\Message, 0)
	ZEND_ARG_TYPE_INFO(0, json, IS_STRING, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_Facteur_Message_jsonSerialize arginfo_class_Facteur_Error_jsonSerialize

#define arginfo_class_Facteur_Message___serialize arginfo_Facteur_letter_kinds

#define arginfo_class_Facteur_Message___unserialize arginfo_class_Facteur_Error___unserialize

#define arginfo_class_Facteur_Message_toString arginfo_Facteur_version

#define arginfo_class_Facteur_Message_notes arginfo_Facteur_letter_kinds

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_Facteur_Attachment___construct, 0, 0, 1)
	ZEND_ARG_TYPE_INFO(0, data, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, name, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, type, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_MASK(0, inline, MAY_BE_BOOL|MAY_BE_STRING|MAY_BE_NULL, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_Facteur_Attachment_fromPath, 0, 1, Facteur\\Attachment, 0)
	ZEND_ARG_TYPE_INFO(0, path, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, name, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, type, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_MASK(0, inline, MAY_BE_BOOL|MAY_BE_STRING|MAY_BE_NULL, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_Facteur_Attachment_fromStream, 0, 1, Facteur\\Attachment, 0)
	ZEND_ARG_INFO(0, stream)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, name, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, type, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_MASK(0, inline, MAY_BE_BOOL|MAY_BE_STRING|MAY_BE_NULL, "null")
ZEND_END_ARG_INFO()

#define arginfo_class_Facteur_Attachment_jsonSerialize arginfo_class_Facteur_Error_jsonSerialize

#define arginfo_class_Facteur_Attachment___serialize arginfo_Facteur_letter_kinds

#define arginfo_class_Facteur_Attachment___unserialize arginfo_class_Facteur_Error___unserialize

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_Facteur_Receipt___construct, 0, 0, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_Facteur_Receipt_later, 0, 0, Facteur\\Receipt, 1)
ZEND_END_ARG_INFO()

#define arginfo_class_Facteur_Receipt_jsonSerialize arginfo_class_Facteur_Error_jsonSerialize

#define arginfo_class_Facteur_Receipt___serialize arginfo_Facteur_letter_kinds

#define arginfo_class_Facteur_Receipt___unserialize arginfo_class_Facteur_Error___unserialize

#define arginfo_class_Facteur_Receipts___construct arginfo_class_Facteur_Receipt___construct

#define arginfo_class_Facteur_Receipts_current arginfo_class_Facteur_Receipt_later

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Facteur_Receipts_key, 0, 0, IS_LONG, 1)
ZEND_END_ARG_INFO()

#define arginfo_class_Facteur_Receipts_next arginfo_class_Facteur_Mailer_clearCaptured

#define arginfo_class_Facteur_Receipts_rewind arginfo_class_Facteur_Mailer_clearCaptured

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Facteur_Receipts_valid, 0, 0, _IS_BOOL, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_Facteur_Reply___construct arginfo_class_Facteur_Receipt___construct

#define arginfo_class_Facteur_Outbox___construct arginfo_class_Facteur_Receipt___construct

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_Facteur_Outbox_insert, 0, 2, Facteur\\Receipt, 0)
	ZEND_ARG_OBJ_INFO(0, connection, PDO, 0)
	ZEND_ARG_OBJ_INFO(0, message, Facteur\\Message, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, key, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, not_before, IS_MIXED, 0, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, expires_at, IS_MIXED, 0, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, priority, IS_LONG, 1, "null")
	ZEND_ARG_OBJ_INFO_WITH_DEFAULT_VALUE(0, mailer, Facteur\\Mailer, 1, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Facteur_Outbox_migrate, 0, 1, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO(0, url, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Facteur_Outbox_work, 0, 0, IS_ARRAY, 0)
	ZEND_ARG_OBJ_INFO_WITH_DEFAULT_VALUE(0, mailer, Facteur\\Mailer, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, seconds, IS_DOUBLE, 0, "0.0")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, limit, IS_LONG, 0, "0")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, grace, IS_DOUBLE, 0, "30.0")
ZEND_END_ARG_INFO()


ZEND_FUNCTION(facteur_send_letter);
ZEND_FUNCTION(facteur_send_order_confirmation);
ZEND_FUNCTION(facteur_send_contact_form);
ZEND_FUNCTION(Facteur_address_check);
ZEND_FUNCTION(Facteur_letter);
ZEND_FUNCTION(Facteur_letter_kinds);
ZEND_FUNCTION(Facteur_order_confirmation);
ZEND_FUNCTION(Facteur_contact_form);
ZEND_FUNCTION(Facteur_version);
ZEND_METHOD(Facteur_Error, jsonSerialize);
ZEND_METHOD(Facteur_Error, __serialize);
ZEND_METHOD(Facteur_Error, __unserialize);
ZEND_METHOD(Facteur_Mailer, __construct);
ZEND_METHOD(Facteur_Mailer, send);
ZEND_METHOD(Facteur_Mailer, sendMany);
ZEND_METHOD(Facteur_Mailer, enqueue);
ZEND_METHOD(Facteur_Mailer, enqueueMany);
ZEND_METHOD(Facteur_Mailer, sendLetter);
ZEND_METHOD(Facteur_Mailer, sendOrderConfirmation);
ZEND_METHOD(Facteur_Mailer, sendContactForm);
ZEND_METHOD(Facteur_Mailer, check);
ZEND_METHOD(Facteur_Mailer, stats);
ZEND_METHOD(Facteur_Mailer, captured);
ZEND_METHOD(Facteur_Mailer, clearCaptured);
ZEND_METHOD(Facteur_Mailer, close);
ZEND_METHOD(Facteur_Mailer, turn);
ZEND_METHOD(Facteur_Message, __construct);
ZEND_METHOD(Facteur_Message, fromBytes);
ZEND_METHOD(Facteur_Message, fromJson);
ZEND_METHOD(Facteur_Message, jsonSerialize);
ZEND_METHOD(Facteur_Message, __serialize);
ZEND_METHOD(Facteur_Message, __unserialize);
ZEND_METHOD(Facteur_Message, toString);
ZEND_METHOD(Facteur_Message, notes);
ZEND_METHOD(Facteur_Attachment, __construct);
ZEND_METHOD(Facteur_Attachment, fromPath);
ZEND_METHOD(Facteur_Attachment, fromStream);
ZEND_METHOD(Facteur_Attachment, jsonSerialize);
ZEND_METHOD(Facteur_Attachment, __serialize);
ZEND_METHOD(Facteur_Attachment, __unserialize);
ZEND_METHOD(Facteur_Receipt, __construct);
ZEND_METHOD(Facteur_Receipt, later);
ZEND_METHOD(Facteur_Receipt, jsonSerialize);
ZEND_METHOD(Facteur_Receipt, __serialize);
ZEND_METHOD(Facteur_Receipt, __unserialize);
ZEND_METHOD(Facteur_Receipts, __construct);
ZEND_METHOD(Facteur_Receipts, current);
ZEND_METHOD(Facteur_Receipts, key);
ZEND_METHOD(Facteur_Receipts, next);
ZEND_METHOD(Facteur_Receipts, rewind);
ZEND_METHOD(Facteur_Receipts, valid);
ZEND_METHOD(Facteur_Reply, __construct);
ZEND_METHOD(Facteur_Outbox, __construct);
ZEND_METHOD(Facteur_Outbox, insert);
ZEND_METHOD(Facteur_Outbox, migrate);
ZEND_METHOD(Facteur_Outbox, work);


static const zend_function_entry ext_functions[] = {
	ZEND_FE(facteur_send_letter, arginfo_facteur_send_letter)
	ZEND_FE(facteur_send_order_confirmation, arginfo_facteur_send_order_confirmation)
	ZEND_FE(facteur_send_contact_form, arginfo_facteur_send_contact_form)
	ZEND_NS_FALIAS("Facteur", address_check, Facteur_address_check, arginfo_Facteur_address_check)
	ZEND_NS_FALIAS("Facteur", letter, Facteur_letter, arginfo_Facteur_letter)
	ZEND_NS_FALIAS("Facteur", letter_kinds, Facteur_letter_kinds, arginfo_Facteur_letter_kinds)
	ZEND_NS_FALIAS("Facteur", order_confirmation, Facteur_order_confirmation, arginfo_Facteur_order_confirmation)
	ZEND_NS_FALIAS("Facteur", contact_form, Facteur_contact_form, arginfo_Facteur_contact_form)
	ZEND_NS_FALIAS("Facteur", version, Facteur_version, arginfo_Facteur_version)
	ZEND_FE_END
};


static const zend_function_entry class_Facteur_Error_methods[] = {
	ZEND_ME(Facteur_Error, jsonSerialize, arginfo_class_Facteur_Error_jsonSerialize, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Error, __serialize, arginfo_class_Facteur_Error___serialize, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Error, __unserialize, arginfo_class_Facteur_Error___unserialize, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};


static const zend_function_entry class_Facteur_ConfigError_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_Facteur_MessageError_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_Facteur_SendError_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_Facteur_TemporaryError_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_Facteur_ConnectError_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_Facteur_TLSError_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_Facteur_AuthError_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_Facteur_DeadlineError_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_Facteur_PermanentError_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_Facteur_InDoubtError_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_Facteur_Mailer_methods[] = {
	ZEND_ME(Facteur_Mailer, __construct, arginfo_class_Facteur_Mailer___construct, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Mailer, send, arginfo_class_Facteur_Mailer_send, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Mailer, sendMany, arginfo_class_Facteur_Mailer_sendMany, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Mailer, enqueue, arginfo_class_Facteur_Mailer_enqueue, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Mailer, enqueueMany, arginfo_class_Facteur_Mailer_enqueueMany, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Mailer, sendLetter, arginfo_class_Facteur_Mailer_sendLetter, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Mailer, sendOrderConfirmation, arginfo_class_Facteur_Mailer_sendOrderConfirmation, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Mailer, sendContactForm, arginfo_class_Facteur_Mailer_sendContactForm, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Mailer, check, arginfo_class_Facteur_Mailer_check, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Mailer, stats, arginfo_class_Facteur_Mailer_stats, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Mailer, captured, arginfo_class_Facteur_Mailer_captured, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Mailer, clearCaptured, arginfo_class_Facteur_Mailer_clearCaptured, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Mailer, close, arginfo_class_Facteur_Mailer_close, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Mailer, turn, arginfo_class_Facteur_Mailer_turn, ZEND_ACC_PRIVATE)
	ZEND_FE_END
};


static const zend_function_entry class_Facteur_Message_methods[] = {
	ZEND_ME(Facteur_Message, __construct, arginfo_class_Facteur_Message___construct, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Message, fromBytes, arginfo_class_Facteur_Message_fromBytes, ZEND_ACC_PUBLIC|ZEND_ACC_STATIC)
	ZEND_ME(Facteur_Message, fromJson, arginfo_class_Facteur_Message_fromJson, ZEND_ACC_PUBLIC|ZEND_ACC_STATIC)
	ZEND_ME(Facteur_Message, jsonSerialize, arginfo_class_Facteur_Message_jsonSerialize, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Message, __serialize, arginfo_class_Facteur_Message___serialize, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Message, __unserialize, arginfo_class_Facteur_Message___unserialize, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Message, toString, arginfo_class_Facteur_Message_toString, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Message, notes, arginfo_class_Facteur_Message_notes, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};


static const zend_function_entry class_Facteur_Attachment_methods[] = {
	ZEND_ME(Facteur_Attachment, __construct, arginfo_class_Facteur_Attachment___construct, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Attachment, fromPath, arginfo_class_Facteur_Attachment_fromPath, ZEND_ACC_PUBLIC|ZEND_ACC_STATIC)
	ZEND_ME(Facteur_Attachment, fromStream, arginfo_class_Facteur_Attachment_fromStream, ZEND_ACC_PUBLIC|ZEND_ACC_STATIC)
	ZEND_ME(Facteur_Attachment, jsonSerialize, arginfo_class_Facteur_Attachment_jsonSerialize, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Attachment, __serialize, arginfo_class_Facteur_Attachment___serialize, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Attachment, __unserialize, arginfo_class_Facteur_Attachment___unserialize, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};


static const zend_function_entry class_Facteur_Receipt_methods[] = {
	ZEND_ME(Facteur_Receipt, __construct, arginfo_class_Facteur_Receipt___construct, ZEND_ACC_PRIVATE)
	ZEND_ME(Facteur_Receipt, later, arginfo_class_Facteur_Receipt_later, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Receipt, jsonSerialize, arginfo_class_Facteur_Receipt_jsonSerialize, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Receipt, __serialize, arginfo_class_Facteur_Receipt___serialize, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Receipt, __unserialize, arginfo_class_Facteur_Receipt___unserialize, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};


static const zend_function_entry class_Facteur_Receipts_methods[] = {
	ZEND_ME(Facteur_Receipts, __construct, arginfo_class_Facteur_Receipts___construct, ZEND_ACC_PRIVATE)
	ZEND_ME(Facteur_Receipts, current, arginfo_class_Facteur_Receipts_current, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Receipts, key, arginfo_class_Facteur_Receipts_key, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Receipts, next, arginfo_class_Facteur_Receipts_next, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Receipts, rewind, arginfo_class_Facteur_Receipts_rewind, ZEND_ACC_PUBLIC)
	ZEND_ME(Facteur_Receipts, valid, arginfo_class_Facteur_Receipts_valid, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};


static const zend_function_entry class_Facteur_Reply_methods[] = {
	ZEND_ME(Facteur_Reply, __construct, arginfo_class_Facteur_Reply___construct, ZEND_ACC_PRIVATE)
	ZEND_FE_END
};


static const zend_function_entry class_Facteur_Outbox_methods[] = {
	ZEND_ME(Facteur_Outbox, __construct, arginfo_class_Facteur_Outbox___construct, ZEND_ACC_PRIVATE)
	ZEND_ME(Facteur_Outbox, insert, arginfo_class_Facteur_Outbox_insert, ZEND_ACC_PUBLIC|ZEND_ACC_STATIC)
	ZEND_ME(Facteur_Outbox, migrate, arginfo_class_Facteur_Outbox_migrate, ZEND_ACC_PUBLIC|ZEND_ACC_STATIC)
	ZEND_ME(Facteur_Outbox, work, arginfo_class_Facteur_Outbox_work, ZEND_ACC_PUBLIC|ZEND_ACC_STATIC)
	ZEND_FE_END
};

static zend_class_entry *register_class_Facteur_Error(zend_class_entry *class_entry_Exception, zend_class_entry *class_entry_JsonSerializable)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Facteur", "Error", class_Facteur_Error_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_Exception);
	zend_class_implements(class_entry, 1, class_entry_JsonSerializable);

	zval property_where_default_value;
	ZVAL_UNDEF(&property_where_default_value);
	zend_string *property_where_name = zend_string_init("where", sizeof("where") - 1, 1);
	zend_declare_typed_property(class_entry, property_where_name, &property_where_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_where_name);

	zval property_error_code_default_value;
	ZVAL_UNDEF(&property_error_code_default_value);
	zend_string *property_error_code_name = zend_string_init("error_code", sizeof("error_code") - 1, 1);
	zend_declare_typed_property(class_entry, property_error_code_name, &property_error_code_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_error_code_name);

	return class_entry;
}

static zend_class_entry *register_class_Facteur_ConfigError(zend_class_entry *class_entry_Facteur_Error)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Facteur", "ConfigError", class_Facteur_ConfigError_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_Facteur_Error);

	return class_entry;
}

static zend_class_entry *register_class_Facteur_MessageError(zend_class_entry *class_entry_Facteur_Error)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Facteur", "MessageError", class_Facteur_MessageError_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_Facteur_Error);

	return class_entry;
}

static zend_class_entry *register_class_Facteur_SendError(zend_class_entry *class_entry_Facteur_Error)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Facteur", "SendError", class_Facteur_SendError_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_Facteur_Error);

	zend_string *property_receipt_class_Facteur_Receipt = zend_string_init("Facteur\\Receipt", sizeof("Facteur\\Receipt")-1, 1);
	zval property_receipt_default_value;
	ZVAL_UNDEF(&property_receipt_default_value);
	zend_string *property_receipt_name = zend_string_init("receipt", sizeof("receipt") - 1, 1);
	zend_declare_typed_property(class_entry, property_receipt_name, &property_receipt_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_CLASS(property_receipt_class_Facteur_Receipt, 0, MAY_BE_NULL));
	zend_string_release(property_receipt_name);

	return class_entry;
}

static zend_class_entry *register_class_Facteur_TemporaryError(zend_class_entry *class_entry_Facteur_SendError)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Facteur", "TemporaryError", class_Facteur_TemporaryError_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_Facteur_SendError);

	return class_entry;
}

static zend_class_entry *register_class_Facteur_ConnectError(zend_class_entry *class_entry_Facteur_TemporaryError)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Facteur", "ConnectError", class_Facteur_ConnectError_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_Facteur_TemporaryError);

	return class_entry;
}

static zend_class_entry *register_class_Facteur_TLSError(zend_class_entry *class_entry_Facteur_TemporaryError)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Facteur", "TLSError", class_Facteur_TLSError_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_Facteur_TemporaryError);

	return class_entry;
}

static zend_class_entry *register_class_Facteur_AuthError(zend_class_entry *class_entry_Facteur_TemporaryError)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Facteur", "AuthError", class_Facteur_AuthError_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_Facteur_TemporaryError);

	return class_entry;
}

static zend_class_entry *register_class_Facteur_DeadlineError(zend_class_entry *class_entry_Facteur_TemporaryError)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Facteur", "DeadlineError", class_Facteur_DeadlineError_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_Facteur_TemporaryError);

	return class_entry;
}

static zend_class_entry *register_class_Facteur_PermanentError(zend_class_entry *class_entry_Facteur_SendError)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Facteur", "PermanentError", class_Facteur_PermanentError_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_Facteur_SendError);

	return class_entry;
}

static zend_class_entry *register_class_Facteur_InDoubtError(zend_class_entry *class_entry_Facteur_SendError)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Facteur", "InDoubtError", class_Facteur_InDoubtError_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_Facteur_SendError);

	return class_entry;
}

static zend_class_entry *register_class_Facteur_Mailer(void)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Facteur", "Mailer", class_Facteur_Mailer_methods);
	class_entry = zend_register_internal_class_ex(&ce, NULL);
	class_entry->ce_flags |= ZEND_ACC_FINAL|ZEND_ACC_NO_DYNAMIC_PROPERTIES|ZEND_ACC_NOT_SERIALIZABLE;

	zval property_name_default_value;
	ZVAL_UNDEF(&property_name_default_value);
	zend_string *property_name_name = zend_string_init("name", sizeof("name") - 1, 1);
	zend_declare_typed_property(class_entry, property_name_name, &property_name_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_name_name);
#if (PHP_VERSION_ID >= 80200)


	zend_add_parameter_attribute(zend_hash_str_find_ptr(&class_entry->function_table, "__construct", sizeof("__construct") - 1), 0, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);

	zend_add_parameter_attribute(zend_hash_str_find_ptr(&class_entry->function_table, "__construct", sizeof("__construct") - 1), 1, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);

	zend_add_parameter_attribute(zend_hash_str_find_ptr(&class_entry->function_table, "__construct", sizeof("__construct") - 1), 2, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);
#endif

	return class_entry;
}

static zend_class_entry *register_class_Facteur_Message(zend_class_entry *class_entry_JsonSerializable)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Facteur", "Message", class_Facteur_Message_methods);
	class_entry = zend_register_internal_class_ex(&ce, NULL);
	class_entry->ce_flags |= ZEND_ACC_FINAL|ZEND_ACC_NO_DYNAMIC_PROPERTIES;
	zend_class_implements(class_entry, 1, class_entry_JsonSerializable);

	return class_entry;
}

static zend_class_entry *register_class_Facteur_Attachment(zend_class_entry *class_entry_JsonSerializable)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Facteur", "Attachment", class_Facteur_Attachment_methods);
	class_entry = zend_register_internal_class_ex(&ce, NULL);
	class_entry->ce_flags |= ZEND_ACC_FINAL|ZEND_ACC_NO_DYNAMIC_PROPERTIES;
	zend_class_implements(class_entry, 1, class_entry_JsonSerializable);

	zval property_data_default_value;
	ZVAL_UNDEF(&property_data_default_value);
	zend_string *property_data_name = zend_string_init("data", sizeof("data") - 1, 1);
	zend_declare_typed_property(class_entry, property_data_name, &property_data_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING|MAY_BE_NULL));
	zend_string_release(property_data_name);

	zval property_path_default_value;
	ZVAL_UNDEF(&property_path_default_value);
	zend_string *property_path_name = zend_string_init("path", sizeof("path") - 1, 1);
	zend_declare_typed_property(class_entry, property_path_name, &property_path_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING|MAY_BE_NULL));
	zend_string_release(property_path_name);

	zval property_name_default_value;
	ZVAL_UNDEF(&property_name_default_value);
	zend_string *property_name_name = zend_string_init("name", sizeof("name") - 1, 1);
	zend_declare_typed_property(class_entry, property_name_name, &property_name_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING|MAY_BE_NULL));
	zend_string_release(property_name_name);

	zval property_type_default_value;
	ZVAL_UNDEF(&property_type_default_value);
	zend_string *property_type_name = zend_string_init("type", sizeof("type") - 1, 1);
	zend_declare_typed_property(class_entry, property_type_name, &property_type_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING|MAY_BE_NULL));
	zend_string_release(property_type_name);

	zval property_inline_default_value;
	ZVAL_UNDEF(&property_inline_default_value);
	zend_string *property_inline_name = zend_string_init("inline", sizeof("inline") - 1, 1);
	zend_declare_typed_property(class_entry, property_inline_name, &property_inline_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING|MAY_BE_NULL));
	zend_string_release(property_inline_name);

	zval property_stream_default_value;
	ZVAL_UNDEF(&property_stream_default_value);
	zend_string *property_stream_name = zend_string_init("stream", sizeof("stream") - 1, 1);
	zend_declare_typed_property(class_entry, property_stream_name, &property_stream_default_value, ZEND_ACC_PRIVATE|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_ANY));
	zend_string_release(property_stream_name);

	return class_entry;
}

static zend_class_entry *register_class_Facteur_Receipt(zend_class_entry *class_entry_JsonSerializable)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Facteur", "Receipt", class_Facteur_Receipt_methods);
	class_entry = zend_register_internal_class_ex(&ce, NULL);
	class_entry->ce_flags |= ZEND_ACC_FINAL|ZEND_ACC_NO_DYNAMIC_PROPERTIES;
	zend_class_implements(class_entry, 1, class_entry_JsonSerializable);

	zval property_status_default_value;
	ZVAL_UNDEF(&property_status_default_value);
	zend_string *property_status_name = zend_string_init("status", sizeof("status") - 1, 1);
	zend_declare_typed_property(class_entry, property_status_name, &property_status_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_status_name);

	zval property_ok_default_value;
	ZVAL_UNDEF(&property_ok_default_value);
	zend_string *property_ok_name = zend_string_init("ok", sizeof("ok") - 1, 1);
	zend_declare_typed_property(class_entry, property_ok_name, &property_ok_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_BOOL));
	zend_string_release(property_ok_name);

	zval property_message_id_default_value;
	ZVAL_UNDEF(&property_message_id_default_value);
	zend_string *property_message_id_name = zend_string_init("message_id", sizeof("message_id") - 1, 1);
	zend_declare_typed_property(class_entry, property_message_id_name, &property_message_id_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_message_id_name);

	zval property_queue_id_default_value;
	ZVAL_UNDEF(&property_queue_id_default_value);
	zend_string *property_queue_id_name = zend_string_init("queue_id", sizeof("queue_id") - 1, 1);
	zend_declare_typed_property(class_entry, property_queue_id_name, &property_queue_id_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_queue_id_name);

	zval property_relay_default_value;
	ZVAL_UNDEF(&property_relay_default_value);
	zend_string *property_relay_name = zend_string_init("relay", sizeof("relay") - 1, 1);
	zend_declare_typed_property(class_entry, property_relay_name, &property_relay_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_relay_name);

	zval property_accepted_default_value;
	ZVAL_UNDEF(&property_accepted_default_value);
	zend_string *property_accepted_name = zend_string_init("accepted", sizeof("accepted") - 1, 1);
	zend_declare_typed_property(class_entry, property_accepted_name, &property_accepted_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_ARRAY));
	zend_string_release(property_accepted_name);

	zval property_rejected_default_value;
	ZVAL_UNDEF(&property_rejected_default_value);
	zend_string *property_rejected_name = zend_string_init("rejected", sizeof("rejected") - 1, 1);
	zend_declare_typed_property(class_entry, property_rejected_name, &property_rejected_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_ARRAY));
	zend_string_release(property_rejected_name);

	zval property_in_doubt_default_value;
	ZVAL_UNDEF(&property_in_doubt_default_value);
	zend_string *property_in_doubt_name = zend_string_init("in_doubt", sizeof("in_doubt") - 1, 1);
	zend_declare_typed_property(class_entry, property_in_doubt_name, &property_in_doubt_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_ARRAY));
	zend_string_release(property_in_doubt_name);

	zend_string *property_reply_class_Facteur_Reply = zend_string_init("Facteur\\Reply", sizeof("Facteur\\Reply")-1, 1);
	zval property_reply_default_value;
	ZVAL_UNDEF(&property_reply_default_value);
	zend_string *property_reply_name = zend_string_init("reply", sizeof("reply") - 1, 1);
	zend_declare_typed_property(class_entry, property_reply_name, &property_reply_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_CLASS(property_reply_class_Facteur_Reply, 0, 0));
	zend_string_release(property_reply_name);

	zval property_phase_default_value;
	ZVAL_UNDEF(&property_phase_default_value);
	zend_string *property_phase_name = zend_string_init("phase", sizeof("phase") - 1, 1);
	zend_declare_typed_property(class_entry, property_phase_name, &property_phase_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_phase_name);

	zval property_attempts_default_value;
	ZVAL_UNDEF(&property_attempts_default_value);
	zend_string *property_attempts_name = zend_string_init("attempts", sizeof("attempts") - 1, 1);
	zend_declare_typed_property(class_entry, property_attempts_name, &property_attempts_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_LONG));
	zend_string_release(property_attempts_name);

	zval property_flights_default_value;
	ZVAL_UNDEF(&property_flights_default_value);
	zend_string *property_flights_name = zend_string_init("flights", sizeof("flights") - 1, 1);
	zend_declare_typed_property(class_entry, property_flights_name, &property_flights_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_LONG));
	zend_string_release(property_flights_name);

	zval property_timings_default_value;
	ZVAL_UNDEF(&property_timings_default_value);
	zend_string *property_timings_name = zend_string_init("timings", sizeof("timings") - 1, 1);
	zend_declare_typed_property(class_entry, property_timings_name, &property_timings_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_ARRAY));
	zend_string_release(property_timings_name);

	zval property_error_default_value;
	ZVAL_UNDEF(&property_error_default_value);
	zend_string *property_error_name = zend_string_init("error", sizeof("error") - 1, 1);
	zend_declare_typed_property(class_entry, property_error_name, &property_error_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_error_name);

	zval property_error_code_default_value;
	ZVAL_UNDEF(&property_error_code_default_value);
	zend_string *property_error_code_name = zend_string_init("error_code", sizeof("error_code") - 1, 1);
	zend_declare_typed_property(class_entry, property_error_code_name, &property_error_code_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_error_code_name);

	zval property_notes_default_value;
	ZVAL_UNDEF(&property_notes_default_value);
	zend_string *property_notes_name = zend_string_init("notes", sizeof("notes") - 1, 1);
	zend_declare_typed_property(class_entry, property_notes_name, &property_notes_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_ARRAY));
	zend_string_release(property_notes_name);

	zval property_outbox_id_default_value;
	ZVAL_UNDEF(&property_outbox_id_default_value);
	zend_string *property_outbox_id_name = zend_string_init("outbox_id", sizeof("outbox_id") - 1, 1);
	zend_declare_typed_property(class_entry, property_outbox_id_name, &property_outbox_id_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_outbox_id_name);

	zval property_key_default_value;
	ZVAL_UNDEF(&property_key_default_value);
	zend_string *property_key_name = zend_string_init("key", sizeof("key") - 1, 1);
	zend_declare_typed_property(class_entry, property_key_name, &property_key_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_key_name);

	zval property_durable_default_value;
	ZVAL_UNDEF(&property_durable_default_value);
	zend_string *property_durable_name = zend_string_init("durable", sizeof("durable") - 1, 1);
	zend_declare_typed_property(class_entry, property_durable_name, &property_durable_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_BOOL));
	zend_string_release(property_durable_name);

	zval property_transcript_default_value;
	ZVAL_UNDEF(&property_transcript_default_value);
	zend_string *property_transcript_name = zend_string_init("transcript", sizeof("transcript") - 1, 1);
	zend_declare_typed_property(class_entry, property_transcript_name, &property_transcript_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_transcript_name);

	return class_entry;
}

static zend_class_entry *register_class_Facteur_Receipts(zend_class_entry *class_entry_Iterator)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Facteur", "Receipts", class_Facteur_Receipts_methods);
	class_entry = zend_register_internal_class_ex(&ce, NULL);
	class_entry->ce_flags |= ZEND_ACC_FINAL|ZEND_ACC_NO_DYNAMIC_PROPERTIES|ZEND_ACC_NOT_SERIALIZABLE;
	zend_class_implements(class_entry, 1, class_entry_Iterator);

	return class_entry;
}

static zend_class_entry *register_class_Facteur_Reply(void)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Facteur", "Reply", class_Facteur_Reply_methods);
	class_entry = zend_register_internal_class_ex(&ce, NULL);
	class_entry->ce_flags |= ZEND_ACC_FINAL|ZEND_ACC_NO_DYNAMIC_PROPERTIES;

	zval property_code_default_value;
	ZVAL_UNDEF(&property_code_default_value);
	zend_string *property_code_name = zend_string_init("code", sizeof("code") - 1, 1);
	zend_declare_typed_property(class_entry, property_code_name, &property_code_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_LONG));
	zend_string_release(property_code_name);

	zval property_enhanced_default_value;
	ZVAL_UNDEF(&property_enhanced_default_value);
	zend_string *property_enhanced_name = zend_string_init("enhanced", sizeof("enhanced") - 1, 1);
	zend_declare_typed_property(class_entry, property_enhanced_name, &property_enhanced_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_enhanced_name);

	zval property_text_default_value;
	ZVAL_UNDEF(&property_text_default_value);
	zend_string *property_text_name = zend_string_init("text", sizeof("text") - 1, 1);
	zend_declare_typed_property(class_entry, property_text_name, &property_text_default_value, ZEND_ACC_PUBLIC|ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
	zend_string_release(property_text_name);

	return class_entry;
}

static zend_class_entry *register_class_Facteur_Outbox(void)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Facteur", "Outbox", class_Facteur_Outbox_methods);
	class_entry = zend_register_internal_class_ex(&ce, NULL);
	class_entry->ce_flags |= ZEND_ACC_FINAL|ZEND_ACC_NO_DYNAMIC_PROPERTIES;

	return class_entry;
}
