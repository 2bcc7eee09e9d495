# SPDX-License-Identifier: Apache-2.0
"""Seeded texts (bytes) to try a tokenizer on: emails and everything that is not one."""
import random

SUBJECTS = ["Windscreen smashed on the M25", "Re: Re: FW: claim #48213-B",
            "my car was STOLEN!!!", "renewal quote £412.60 - too high?",
            "Broken down, need help ASAP", "Police ref 0412/23"]
SENTENCES = """Dear Sir or Madam, I'm writing about policy no. AB-1234567/09.
The other driver's insurer said they'd call me back by 5:30pm; they never did.
My Škoda Octavia (reg. LR19 XKD) won't start - the engine just clicks.
Somebody broke the rear window & took the sat-nav, the kids' bags and my wife's coat.
It's been 3 weeks... nobody answers. This isn't good enough!
I was rear-ended at the junction of King's Road/High Street, no-one was hurt, thank God.
Please renew my cover from 01/04/2024 (it lapses on the 31st).
The crack runs from top-left to bottom-right, about 30cm / 12" long.
> On Tue, 5 Mar 2024 at 09:12, Claims Team <claims@example.co.uk> wrote:
Call me on +44 (0)20 7946 0958 or e-mail j.o'neill+car@example.org.
See https://www.example.com/claims?id=42&lang=en_GB#photos and C:\\photos\\IMG_0042.JPG.
Sent from my iPhone
Total loss?? They valued it at $3,450.00, I paid €7.999,95 - unbelievable :-(
Je vous écris au sujet d'un vol; mañana llamaré; grüße aus Köln; dzień dobry, řízení, çok güzel.
The flat battery was replaced twice; AA/RAC receipt attached (pdf, 1.2MB).
counterintuitively, uncharacteristically, antidisestablishmentarianism and hydroplaning happened
naïve café résumé coöperate façade Ångström Übergröße jalapeño smörgåsbord piñata crème brûlée
-----Original Message-----
Kind regards,\tSeán Ó Briain ¦ Tel/Fax
½ price ™ ® © § ¶ • … – — “quotes” ‘single’ «guillemets»""".split("\n")
SNIPPETS = """[CLS] [SEP] [UNK] [PAD] [MASK] ##ing ##s [unused1] [CLS][SEP] <s> </s> [ CLS ]
İstanbul ΟΔΥΣΣΕΥΣ ΣΑΣ Σ σς ΆΈΉΊΌΎΏ ǅ Ǆ ǆ ẞ ß ﬁ ﬂ ﬃ ŉ ǰ ΐ ᾳ ᾼ Å K Ω ℃ Ⅷ ① ﷺ ½ ĳ ſt 한국어 각 값 뷁
\u1112\u1161\u11ab \u1100\u1161 漢字 日本語テキスト カタカナ ｶﾞ ひらがな 中文，标点。 豈 丽 𠀀 𪜀 𫝀 𫠠 𬺰 가나다 😀 👩‍👩‍👧‍👦 🏳️‍🌈
🇬🇧 👍🏽 ☎️ 1️⃣ 🫠 🪿 ❤️ ♥ ☃ ✅ हिन्दी क्ष ড় ড় தமிழ் ொ ోಕೊ മലയാളം ൊ සිංහල ෝ ไทย ภาษาไทย ລາວ
ភាសាខ្មែរ မြန်မာ བོད་ཡིག ქართული ᲐᲑᲒ Հայերեն עברית שָׁלוֹם العربية مُحَمَّد فارسی ܣܘܪܝܝܐ ދިވެހި
አማርኛ ᏣᎳᎩ ᖃᓂᐅᔮᖅᐸᐃᑦ ᚠᚢᚦ Ⰰⰱ ⲀⲂ 𐐀𐐁 𞤀𞤁 𝒜𝓑 𝟘 Ａｂｃ １２ a\u0301 a\u0301\u0327 a\u0327\u0301 \u0301 \u0344
q\u0307\u0323 \u1e9b\u0323 \u212b \u2126 \u0958 \u09dc \u0b94 a\u302e\U0001d165
a\U0001d16d\U0001d165 \U0001d15e\U0001d16d \U0001d160 a\u1bf2\u302e\u08d4\u1baa
\u08d4\u0301\u302e a\u200bb a\u200db a\xadb \ufeffbom a\u2060b a\u061cb a\x00b a\ufffdb \x7f
\x1b[31m \u180e \ue000 \U000f0000 \U0010ffff \ufdd0 $ + < = > ^ ` | ~ € £ ¥ ¢ ₿ × ÷ ± ≠ ≮ ≯ ¬ °
´ ¨ ¸ ¯ \u037e \u1fef \u0387 \u2000 \u3008 \u2329 ؟ ، ۔ । ॥ ჻ ⸮ ‽ ﹏ ＿ 〜 〰 ・ ｡""".split()
MARKS = list(range(0x300, 0x370)) + [0x302E, 0x302F, 0x1D165, 0x1D166, 0x1D16D, 0x1D16E, 0x8D4,
    0x8D5, 0x1BAA, 0x1BF2, 0x1BF3, 0x1DFB, 0xA953, 0x111C0, 0x11442, 0x11446, 0x11C3F, 0x1E000,
    0x1E94A, 0x0B56, 0x0CD5, 0x94D, 0x93C, 0x5B0, 0x64B, 0x34F, 0x20DD, 0x1AB0, 0x1DF6, 0x16FF0]
BLOCKS = [(0x20, 0x7F), (0xA0, 0x250), (0x250, 0x300), (0x300, 0x400), (0x400, 0x530),
          (0x530, 0x600), (0x600, 0x900), (0x900, 0xE00), (0xE00, 0x1100), (0x1100, 0x1200),
          (0x1200, 0x1700), (0x1700, 0x1E00), (0x1E00, 0x2000), (0x2000, 0x2070),
          (0x2070, 0x2C00), (0x2C00, 0x3000), (0x3000, 0x3400), (0x3400, 0xA000),
          (0xA000, 0xAC00), (0xAC00, 0xD800), (0xE000, 0xF900), (0xF900, 0xFB00),
          (0xFB00, 0x10000), (0x10000, 0x12000), (0x12000, 0x1D000), (0x1D000, 0x1D200),
          (0x1D200, 0x1F000), (0x1F000, 0x20000), (0x20000, 0x30000), (0x2F800, 0x2FA20),
          (0x30000, 0xE0000), (0xE0000, 0xE0200), (0xE0200, 0x110000)]
CONTROLS = [chr(c) for c in list(range(0x20)) + list(range(0x2000, 0x2010)) + [0x7F, 0x85, 0xA0,
            0xAD, 0x1680, 0x180E, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF, 0xFFFD]]
INVALID = [b"\x80", b"\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xc3", b"\xe2\x82", b"\xe0\x80\xaf",
           b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xef\xbf", b"\xf0\x9f\x98", b"\xf0\x80\x80\x80",
           b"\xf4\x90\x80\x80", b"\xf5\x80", b"\xff", b"\xfe", b"\xf0\x9f", b"\xe1\x80\xc3",
           b"\xf1\x80\x80\xe2\x82\xac"]

class Corpus:
    def __init__(self, seed, pieces):
        self.random = random.Random(seed)
        self.words = [p[2:] if p.startswith("##") else p for p in pieces]

    def char(self, low, high):
        c = self.random.randrange(low, high)
        return chr(c) if not 0xD800 <= c < 0xE000 else "\u0100"

    def email(self):
        pick = self.random
        lines = [pick.choice(SUBJECTS)] * pick.randrange(2) \
            + pick.sample(SENTENCES, pick.randrange(1, 5))
        text = pick.choice([" ", "\n", "\r\n", "\n> "]).join(lines)
        change = pick.randrange(6)
        text = text.upper() if change == 0 else text.title() if change == 1 else text
        for _ in range(pick.randrange(4)):  # typing errors
            at = pick.randrange(len(text))
            text = text[:at] + pick.choice(["", "  ", text[at] * 3, "é"]) + text[at + 1:]
        return text

    def vocabulary(self):
        pick = self.random
        glue = pick.choice(["", " ", "-", "_", "\u0301 "])
        return glue.join(pick.choice(self.words) for _ in range(pick.randrange(1, 12)))

    def script(self):
        pick = self.random
        low, high = pick.choice(BLOCKS)
        return "".join(self.char(low, high) if pick.random() < .85 else pick.choice(" a.")
                       for _ in range(pick.randrange(1, 40)))

    def any_unicode(self):
        return "".join(self.char(*self.random.choice(BLOCKS))
                       for _ in range(self.random.randrange(1, 40)))

    def marks(self):
        pick = self.random
        return "".join(chr(pick.choice(MARKS)) if pick.random() < .7 else
                       pick.choice(["a", "é", "E", " ", "각", "中", ".", "\U0001d15e", "\xad", "ो"])
                       for _ in range(pick.randrange(1, 40)))

    def snippets(self):
        pick = self.random
        return "".join(pick.choice(SNIPPETS) + pick.choice(["", " ", "\n", "x"])
                       for _ in range(pick.randrange(1, 8)))

    def long_word(self):
        pick = self.random
        size = pick.choice([98, 99, 100, 101, 102, 103, 150, 1000] + [pick.randrange(1, 130)] * 6)
        kind = pick.randrange(5)
        if kind == 0:
            text = pick.choice(["a", "é", "ж", "각", "😀", "e\u0301", "ﬁ", "\u0dde"]) * size
        elif kind == 1:
            text = "".join(pick.choice("abcdefghij") for _ in range(size))
        elif kind == 2:
            text = "".join(pick.choice(self.words) for _ in range(40))[:size]
        elif kind == 3:
            text = "".join(pick.choice(["a", "b\u0300", "\xad", "\u302e", "\U0001d165"])
                           for _ in range(size))
        else:
            text = "".join(self.char(0xA0, 0x2000) for _ in range(size))
        return pick.choice(["", "x ", "."]) + text + pick.choice(["", " y", "!", "\u0301"])

    def controls(self):
        pick = self.random
        return "".join(pick.choice(CONTROLS) if pick.random() < .3 else pick.choice("abc de,1")
                       for _ in range(pick.randrange(1, 40)))

    def any_text(self):
        makers = [self.email, self.email, self.email, self.vocabulary, self.script, self.script,
                  self.any_unicode, self.marks, self.snippets, self.long_word, self.controls]
        return self.random.choice(makers)()

    def random_bytes(self):
        pick = self.random
        kind = pick.randrange(4)
        if kind == 0:
            return bytes(pick.randrange(256) for _ in range(pick.randrange(60)))
        if kind == 1:  # leads and continuations only
            return bytes(pick.randrange(0x80, 256) if pick.random() < .8 else 0x61
                         for _ in range(pick.randrange(60)))
        data = bytearray(self.any_text()[:200].encode("utf-8"))
        for _ in range(pick.randrange(1, 8)):
            at = pick.randrange(len(data) + 1)
            if kind == 2:
                data[at:at] = pick.choice(INVALID)
            elif at < len(data):
                data[at:at + 1] = bytes([pick.randrange(256)]) * pick.randrange(2)
        return bytes(data[:len(data) - pick.randrange(3)])

    def data(self):
        """Bytes of one text; about one in six is not valid UTF-8."""
        if self.random.random() < .16:
            return self.random_bytes()
        return self.any_text().encode("utf-8")

    def request(self):
        """(kind, max_length, first, second) as in reference.py."""
        kind = self.random.choices([0, 1, 2, 3], [82, 8, 7, 3])[0]
        first = self.data()
        second = self.data() if kind == 2 else b""
        limit = self.random.choice([3, 4, 5, 6, 7, 8, 9, 16, 17, 32, 33, 64, 128, 512])
        return kind, limit if kind >= 2 else 0, first, second
