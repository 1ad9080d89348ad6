"""Send the order confirmation and the contact form of this folder: FACTEUR_DSN=smtps://… python examples/send.py"""
import dataclasses
import json
import pathlib

import facteur

here = pathlib.Path(__file__).parent
order = json.loads((here / "order.json").read_text())
form = json.loads((here / "contact.json").read_text())

with facteur.Mailer(default_from="Atelier Nord <shop@atelier-nord.example>", contact_to="owner@atelier-nord.example") as mailer:
    for receipt in (mailer.send_order_confirmation(order), mailer.send_contact_form(form)):
        print(json.dumps(dataclasses.asdict(receipt), ensure_ascii=False))
