# SPDX-License-Identifier: MIT
"""The tables that a built libfacteur.so exports, for the generators of what follows them."""
import ctypes

OPTION = ("name", "scope", "type", "choices", "default", "help")
FIELD = ("name", "type", "list", "choices", "default", "finished", "help")


class Library:
    def __init__(self, path):
        self.library = ctypes.CDLL(str(path))

    def call(self, name, index, result=ctypes.c_char_p):
        function = getattr(self.library, "facteur_" + name)
        function.argtypes, function.restype = ([] if index is None else [ctypes.c_size_t]), result
        told = function() if index is None else function(index)
        return told.decode() if result is ctypes.c_char_p else told

    def rows(self, prefix):
        return range(self.call(prefix + "_count", None, ctypes.c_size_t))

    def options(self):
        """A tuple of OPTION for each option, all of them texts."""
        return [tuple(self.call("option_" + column, index) for column in OPTION) for index in self.rows("option")]

    def message_fields(self):
        """A tuple of FIELD for each field of a message: texts, but `finished` is 1 or 0."""
        return [tuple(self.field(column, index) for column in FIELD) for index in self.rows("message_field")]

    def field(self, column, index):
        if column == "type":
            return self.call("field_type_name", self.call("message_field_type", index, ctypes.c_int))
        return self.call("message_field_" + column, index, ctypes.c_int if column == "finished" else ctypes.c_char_p)
