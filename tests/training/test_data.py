# SPDX-License-Identifier: Apache-2.0
"""What models/train.py reads: files of strangers, good and bad, and how it parts them."""
import collections
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "models"))
import data  # noqa: E402
import vocabulary  # noqa: E402

LONG_ENOUGH = "a message long enough"


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, content, name="mail.csv"):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def read(self, content, name="mail.csv", **wanted):
        self.said = []
        return data.read(self.write(content, name), wanted, self.said.append)

    def refused(self, message, content, name="mail.csv", **wanted):
        with self.assertRaisesRegex(data.DataError, message) as caught:
            self.read(content, name, **wanted)
        self.assertIn(name, str(caught.exception))


class Reading(Files):
    def test_table(self):
        """A byte order mark, other names in another order, quoted line breaks, no subject."""
        emails = self.read('\ufeffBody,nr,Category,Subject\r\n'
                           '"Hello,\r\n\r\nmy ""kettle"" is broken.\r\n",1, Refund ,\r\n'
                           'Wo ist mein Päckchen?,2,Delivery, Frage \r\n')
        self.assertEqual(emails, [
            {"id": None, "message": 'Hello,\r\n\r\nmy "kettle" is broken.', "label": "Refund",
             "subject": data.NO_SUBJECT},
            {"id": None, "message": "Wo ist mein Päckchen?", "label": "Delivery",
             "subject": "Frage"}])

    def test_delimiters(self):
        for delimiter, name in ((";", "mail.csv"), ("\t", "mail.tsv"), (",", "MAIL.CSV")):
            rows = [["label", "text"], ["A", LONG_ENOUGH]]
            emails = self.read("\n".join(map(delimiter.join, rows)), name)
            self.assertEqual([(e["label"], e["message"]) for e in emails], [("A", LONG_ENOUGH)])

    def test_lines(self):
        emails = self.read('{"label":"A","text":"caf\\u00e9 and more","subject":null}\n\n'
                           '{"id":"x","label":"B","text":"line\\u2028separator"}', "mail.jsonl")
        self.assertEqual([(e["id"], e["message"], e["subject"]) for e in emails],
                         [(None, "café and more", data.NO_SUBJECT),
                          ("x", "line\u2028separator", data.NO_SUBJECT)])

    def test_named_columns(self):
        table = f"label,kind,message,note\nA,B,{LONG_ENOUGH},another text of it\n"
        email = self.read(table, label="Kind", message="note")[0]
        self.assertEqual((email["label"], email["message"]), ("B", "another text of it"))
        self.refused("no column 'sort'; its columns are 'label', 'kind'", table, label="sort")

    def test_limits_of_the_core(self):
        """Such texts as the core takes: others would be learnt but never answered."""
        emails = self.read(f"label,subject,message\nA,{'s' * 300},a\x00b\x1bc {LONG_ENOUGH}\n"
                           f"A,,too short\nA,,  short  \nA,,{'x' * 5000}\nA,,{'x' * 5001}\n")
        self.assertEqual([len(e["message"]) for e in emails], [6 + len(LONG_ENOUGH), 5000])
        self.assertEqual(emails[0]["message"], "a b c " + LONG_ENOUGH)
        self.assertEqual(len(emails[0]["subject"]), 200)
        self.assertRegex(self.said[0], "3 of 5 emails left out")


class Refusing(Files):
    def test_files(self):
        self.refused("holds no emails", "")
        self.refused("holds no emails", "label,message\n")
        self.refused("must be a .csv or .jsonl file", "label,message\n", "mail.xlsx")
        self.refused("no column 'message'; its columns are 'mail', 'label': name it with "
                     "--message-column", f"mail,label\n{LONG_ENOUGH},A\n")
        self.refused("line 3: byte 0xe9 is not UTF-8; save",
                     b"label,message\nA,good enough text\nB,caf\xe9 and more\n")

    def test_tables(self):
        self.refused("line 3: has not as many cells", "label,message\nA,one two three\nB\n")
        self.refused("line 2: has not as many cells", "label,message\nA,one, two, three\n")
        self.refused("line 3: unexpected end of data", 'label,message\nA,one two three\nB,"no end\n')
        self.refused("line 4: label is empty", 'label,message\nA,"one\ntwo three"\n,four five six\n')
        self.refused("line 2: message is empty", "label,message\nA,  \n")
        self.refused("line 2: the label is longer than 64 bytes; is 'label' the column",
                     f"label,message\n{'ä' * 33},one two three\n")

    def test_lines(self):
        good = '{"label":"A","message":"one two three"}\n'
        for line, problem in (("{", "not JSON"), ("[1]", "not a JSON object"),
                              ('{"label":7,"message":"one two three"}', "label is not text"),
                              ('{"label":"A"}', "message is empty")):
            self.refused(f"line 2: {problem}", good + line + "\n", "mail.jsonl")


def emails_of(**counts):
    return [{"label": label, "message": f"message {i} of label {label}"}
            for label, count in counts.items() for i in range(count)]


class Labels(unittest.TestCase):
    def test_order(self):
        self.assertEqual(data.labels_of(emails_of(b=2, a=3)), ["a", "b"])
        self.assertEqual(data.labels_of(emails_of(Other=2, CarTheft=2)), data.LABELS)

    def test_refused(self):
        for emails, problem in ((emails_of(a=9), "different labels, not 1"),
                                (emails_of(**{f"l{i}": 2 for i in range(257)}), "2 to 256 different labels, not 257"),
                                (emails_of(a=9, b=1, c=5), "add some to 'b' or take it out")):
            with self.assertRaisesRegex(data.DataError, problem):
                data.labels_of(emails)

    def test_unknown_in_test(self):
        with self.assertRaisesRegex(data.DataError, "t.csv: label 'c' is none of those"):
            data.check_labels("t.csv", emails_of(a=1, c=1), ["a", "b"])


class Parting(unittest.TestCase):
    def test_split(self):
        """Each label on both sides, about the share that was asked for, in the order given; and
        what has been held out stays so when more emails come."""
        emails = emails_of(a=2000, b=200, c=2, d=3)
        train, held_out = data.split(emails, 0.1)
        self.assertEqual(sorted(map(id, train + held_out)), sorted(map(id, emails)))
        self.assertEqual([e for e in emails if e in train], train)
        for side in (train, held_out):
            self.assertEqual({e["label"] for e in side}, set("abcd"))
        self.assertTrue(170 < len(held_out) < 270, len(held_out))
        more = data.split(emails + emails_of(e=500), 0.1)[1]
        self.assertEqual([e for e in more if e["label"] != "e"], held_out)

    def test_share(self):
        self.assertEqual([data.default_share(n) for n in (10, 250, 400, 500, 9000)],
                         [0.2, 0.2, 0.125, 0.1, 0.1])

    def test_batches(self):
        """Every email once, and no batch larger than permitted but for one long email."""
        lengths, counts = [5, 500, 30, 31, 32, 7, 6, 512], [1, 1, 1, 1, 1, 1, 1, 3]
        found = data.batches(lengths, counts, 100, seed=1)
        self.assertEqual(sorted(i for batch in found for i in batch), list(range(8)))
        for batch in found:
            size = max(lengths[i] for i in batch) * sum(counts[i] for i in batch)
            self.assertTrue(size <= 100 or len(batch) == 1, batch)
        self.assertNotEqual(found, data.batches(lengths, counts, 100, seed=2))


class Vocabulary(unittest.TestCase):
    PIECES = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "é", "the", "car",
              "##a", "##ing", "zebra", "##é"]

    def choose(self, count, **uses):
        ids = collections.Counter({self.PIECES.index(piece): n for piece, n in uses.items()})
        return [self.PIECES[i] for i in vocabulary.choose(self.PIECES, ids, count)]

    def test_choice(self):
        """Special pieces and ASCII characters always; then by use, then as they come."""
        needed = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##a"]
        self.assertEqual(self.choose(7, car=5), needed)
        self.assertEqual(self.choose(9, zebra=5, car=1),
                         ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "car", "##a", "zebra"])
        self.assertNotIn("[unused0]", self.choose(13))
        self.assertEqual(self.choose(14), self.PIECES)

    def test_refused(self):
        for count in (6, 15):
            with self.assertRaisesRegex(ValueError, "7 to 14 are possible"):
                self.choose(count)

    def test_uses(self):
        emails = [[([1, 2, 2], [0, 0, 1])], [([2, 3], [0, 0]), ([2], [0])]]
        self.assertEqual(vocabulary.count_uses(emails), {1: 1, 2: 4, 3: 1})


if __name__ == "__main__":
    unittest.main()
