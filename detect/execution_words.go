package detect

import (
	"strings"
	"unicode/utf8"

	"hooksnare/detect/eql"
)

// commandBytes are those without one of which a text is no more than one word, as it is.
const commandBytes = blanks + "'\"\\;|&()<>`"

// blanks are the bytes at which a value, or a command, divides into words.
const blanks = " \t\r\n\v\f\x00"

// maxWords bounds the words of one text.
const maxWords = 8192

// commandWords are the words of a text, much as a shell has them.
type commandWords struct {
	list []string // operators are words of their own
	// quoted are the strings in quotes that begin a word, or stand behind a sign that no word
	// has: other languages than the shell's have programs there.
	quoted []string
}

// wordsOf divides a text. It expands nothing: a word with $ stays as it is.
func wordsOf(text string) commandWords {
	var out commandWords
	var word []byte
	inWord := false
	end := func() {
		if inWord {
			out.list = append(out.list, string(word))
		}
		word, inWord = word[:0], false
	}
	for i := 0; i < len(text) && len(out.list) < maxWords; i++ {
		switch c := text[i]; {
		case isBlank(c):
			end()
		case isOperator(c):
			end()
			out.list = append(out.list, text[i:i+1])
		case c == '\\' && i+1 < len(text):
			if i++; text[i] != '\n' {
				word, inWord = append(word, text[i]), true
			}
		case c == '\'' || c == '"':
			from := len(word)
			apart := i == 0 || !joins(text[i-1])
			word, i = appendQuoted(word, text, i)
			inWord = true
			if apart {
				out.quoted = append(out.quoted, string(word[from:]))
			}
		case c == '$' && i+1 < len(text) && (text[i+1] == '\'' || text[i+1] == '"'):
		default:
			word, inWord = append(word, c), true
		}
	}
	end()
	return out
}

// appendQuoted appends the string whose quote is at i, and returns where its other quote
// is, or the text ends.
func appendQuoted(word []byte, text string, i int) ([]byte, int) {
	quote := text[i]
	for i++; i < len(text) && text[i] != quote; i++ {
		if quote == '"' && text[i] == '\\' && i+1 < len(text) && strings.IndexByte("\"\\$`\n", text[i+1]) >= 0 {
			if i++; text[i] == '\n' {
				continue
			}
		}
		word = append(word, text[i])
	}
	return word, i
}

// joinWords returns words as the text of arguments that is compared.
func joinWords(words []string) string {
	return firstBytes(oneBlank(strings.Join(words, " ")), readingArgs)
}

// firstBytes returns the first n bytes of a text.
func firstBytes(s string, n int) string { return s[:min(len(s), n)] }

func isBlank(c byte) bool { return c == ' ' || c-'\t' <= '\r'-'\t' || c == 0 }

func isOperator(c byte) bool { return strings.IndexByte(";|&()<>`", c) >= 0 }

// joins reports whether a byte before a quote makes what is in quotes a part of a word.
func joins(c byte) bool {
	return c >= utf8.RuneSelf || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || strings.IndexByte("'\"\\_-+=./:@%~#", c) >= 0
}

// oneBlank makes one space of all blanks in succession, and none at the ends.
func oneBlank(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < utf8.RuneSelf && isBlank(byte(r)) }), " ")
}

// foldPath returns what all spellings of a path have in common that differ in case, as a
// disk of a Mac does not tell them apart. Composed characters stay as they are: a path in another
// normalisation is another path. Whatever the disk has, an argument and the path given to
// exec have the spelling of the hook's value.
func foldPath(p string) string {
	i := 0
	for i < len(p) && p[i] < utf8.RuneSelf && (p[i] < 'A' || p[i] > 'Z') {
		i++
	}
	if i == len(p) {
		return p
	}
	out := make([]byte, i, len(p)+8)
	copy(out, p)
	for _, r := range p[i:] {
		if long, ok := longFolds[r]; ok {
			out = append(out, long...)
			continue
		}
		out = utf8.AppendRune(out, eql.FoldRune(r))
	}
	return string(out)
}

// longFolds are single runes that are several without regard to case.
var longFolds = map[rune]string{
	'ß': "ss", 'ẞ': "ss", 'ﬀ': "ff", 'ﬁ': "fi", 'ﬂ': "fl", 'ﬃ': "ffi", 'ﬄ': "ffl", 'ﬅ': "st", 'ﬆ': "st",
}

// interpreters are programs that are so often run, or run others, that they say little.
var interpreters = []string{"bash", "csh", "dash", "env", "fish", "ksh", "launchd", "login", "node", "perl", "python", "python3", "ruby", "sh", "sudo", "tcsh", "xpcproxy", "zsh"}
