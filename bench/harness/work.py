# SPDX-License-Identifier: MIT
"""The order that every peer mails, in four sizes: text and HTML of 1 KB or 8 KB together, and 8 KB with a PDF of 1 MB or with
a file of 25 MB; its finished bytes, and its JSON for facteur's letters."""
import email.message
import email.policy
import html
import json
import random

SENDER, RECIPIENT = "shop@example.com", "zoe@example.net"
GOODS = ["Oak desk lamp, short arm", "Bulb, warm white", "Théière en fonte, 0,8 l", "Linen towel — set of two",
         "Notebook, squared", "Wool blanket “Nord”", "Brass hook", "Crème brûlée dishes"]
# Bytes of the texts, items, bytes of the PDF, bytes of the file that is attached by its path.
SIZES = {"1k": (1024, 1, 0, 0), "8k": (8192, 18, 0, 0), "pdf": (8192, 18, 1 << 20, 0), "attachment": (8192, 18, 0, 25 << 20)}


def items(count):
    return [{"name": GOODS[i % len(GOODS)], "sku": f"SKU-{1000 + i}", "quantity": 1 + i % 3, "unit_price": f"{5 + i}.90"}
            for i in range(count)]


def texts(size, count):
    lines = ["Hello Zoë,", "", "thank you for your order @NUMBER@. Here is what you bought:", ""]
    rows = []
    for item in items(count):
        lines.append(f"  {item['quantity']} × {item['name']} ({item['sku']})  {item['unit_price']} €")
        rows.append(f'<tr><td style="padding:8px 0;border-bottom:1px solid #e5e5e5">{item["quantity"]} × {html.escape(item["name"])}'
                    f'<br><small>{item["sku"]}</small></td><td align="right" style="padding:8px 0">{item["unit_price"]} €</td></tr>')
    lines += ["", "We send it to 12 rue des Lilas, 44000 Nantes.", "", "Atelier Nord", ""]
    page = ('<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Order @NUMBER@</title></head>'
            '<body style="font-family:sans-serif;color:#222"><h1>Thank you, Zoë!</h1><p>Order @NUMBER@</p>\n<table width="100%">\n'
            + "\n".join(rows) + "\n</table>\n<p>Atelier Nord</p></body></html>\n")
    text = "\n".join(lines)
    filler = "Returns are free within 30 days; the terms of sale are on our site.\n"
    while len((text + page).encode()) < size:
        text += filler
    return text, page


def write(folder):
    """A folder for each size."""
    for name, size in SIZES.items():
        write_size(folder / name, *size)


def write_size(folder, size, count, pdf_bytes, file_bytes):
    """order.txt, order.html, order.eml, order.json, order.pdf and order.zip if any; @NUMBER@ is the order's number but in
    order.eml, which has no order.zip in it."""
    folder.mkdir(parents=True, exist_ok=True)
    text, page = texts(size, count)
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"], message["Subject"] = f"Shop <{SENDER}>", f"Zoë <{RECIPIENT}>", "Order 1042: thank you, Zoë"
    message["Date"], message["Message-ID"] = "Mon, 23 Nov 2026 10:00:00 +0000", "<1042@example.com>"
    message.set_content(text.replace("@NUMBER@", "1042"), cte="quoted-printable")
    message.add_alternative(page.replace("@NUMBER@", "1042"), subtype="html", cte="quoted-printable")
    if pdf_bytes:
        pdf = b"%PDF-1.7\n" + random.Random(4).randbytes(pdf_bytes - 15) + b"\n%%EOF"
        (folder / "order.pdf").write_bytes(pdf)
        message.add_attachment(pdf, maintype="application", subtype="pdf", filename="invoice.pdf")
    if file_bytes and not (folder / "order.zip").exists():
        (folder / "order.zip").write_bytes(random.Random(5).randbytes(file_bytes))
    order = {
        "number": "@NUMBER@", "date": "2026-11-23", "currency": "EUR", "locale": "en",
        "merchant": {"name": "Atelier Nord", "email": SENDER, "url": "https://shop.example.com/"},
        "customer": {"name": "Zoë Martin", "email": RECIPIENT}, "items": items(count),
        "shipping": {"name": "Colissimo", "amount": "7.90"}, "payment": {"method": "Visa ending in 4242"},
        "shipping_address": {"name": "Zoë Martin", "line1": "12 rue des Lilas", "postal_code": "44000", "city": "Nantes",
                             "country": "France"},
        "order_url": "https://shop.example.com/orders/@NUMBER@",
    }
    (folder / "order.txt").write_text(text)
    (folder / "order.html").write_text(page)
    (folder / "order.eml").write_bytes(message.as_bytes())
    (folder / "order.json").write_text(json.dumps(order, ensure_ascii=False))
