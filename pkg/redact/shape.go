package redact

import (
	"math"
	"regexp"
	"strings"
)

var (
	// token matches the tokens of well-known services and JSON web tokens, at their
	// beginning; the group is what goes of an address that is a secret as a whole.
	token = regexp.MustCompile(`^(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|xox[a-z]-[\w-]{10,}|xapp-[\w-]{10,}|A[KS]IA[A-Z0-9]{16,}|AIza[\w-]{30,}` +
		`|ya29\.[\w.-]{15,}|GOCSPX-[\w-]{20,}|[sr]k_(?:live|test)_\w{10,}|whsec_\w{16,}|gl(?:pat|dt|rt)-[\w-]{15,}|npm_\w{30,}|pypi-AgE[\w-]{16,}` +
		`|dckr_pat_[\w-]{16,}|dop_v1_\w{32,}|hvs\.[\w-]{16,}|SG\.[\w.-]{30,}|shp(?:at|ss)_\w{20,}|sk-(?:ant|proj)-[\w-]{16,}|ATATT3[\w=-]{30,}` +
		`|lin_api_\w{20,}|figd_[\w-]{20,}|AGE-SECRET-KEY-1\w{30,}|eyJ[\w-]{5,}(?:\.[\w-]*){1,4}|hooks\.slack\.com/services/([\w/]{20,}))`)

	// tokenStarts are the first two bytes of everything that token matches.
	tokenStarts = "gh gi xo xa AK AS AI ya GO sk rk wh gl np py dc do hv SG sh AT li fi AG ey ho"

	// privateKey matches a private key; the group is what stands between the lines that
	// enclose it.
	privateKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY[A-Z ]*-----\n?(.+?)(?:\n?-----END|$)`)

	// address matches what stands before the @ of an address: the scheme of the web, the
	// user, and the password, which may hold what should be escaped there.
	address = regexp.MustCompile(`(https?:)?//([^\s/?#"':@]*)(?:(:)(?:([^\s/?#"']*)|([^\s"'0-9\[][^\s"'@]{0,128})))?@`)
)

// shapes marks what looks like a secret by itself. It leaves paths alone.
func (s *scan) shapes(arg int, live bool) {
	text := s.args[arg]
	if strings.Contains(text, "PRIVATE KEY") {
		for _, m := range privateKey.FindAllStringSubmatchIndex(text, -1) {
			s.mark(arg, m[2], m[3], false)
		}
	}
	if strings.Contains(text, "//") && strings.Contains(text, "@") {
		for at, m := 0, address.FindStringSubmatchIndex(text); m != nil; m = address.FindStringSubmatchIndex(text[at:]) {
			s.userinfo(arg, at, m, live)
			at += m[1]
		}
	}
	encoded := strings.Contains(text, "base64") || strings.Contains(text, "b64decode")
	inAddress, inPath := false, false
	for i := 0; i < len(text); {
		if !isTokenByte(text[i]) {
			switch c := text[i]; {
			case strings.HasPrefix(text[i:], "://"):
				inAddress, inPath = true, false
			case strings.IndexByte(" \t\n\"'`=,;|()<>", c) >= 0:
				inAddress, inPath = false, false
			case (c == '/' || c == '~') && !inAddress && (i == 0 || !isTokenByte(text[i-1])):
				inPath = true
			}
			i++
			continue
		}
		end := i + 1
		for end < len(text) && isTokenByte(text[end]) {
			end++
		}
		if !inPath {
			end = max(end, s.token(arg, i, end, inAddress, encoded))
		}
		i = end
	}
}

func isTokenByte(c byte) bool { return byteClass(c) < 3 || c == '_' || c == '-' }

// userinfo marks what is secret in a match of address in the text from a place on: a password, or a user that is
// rather a token, as it stands alone in the web or next to an empty password.
func (s *scan) userinfo(arg, at int, m []int, live bool) {
	text := s.args[arg][at:]
	user, from, to := text[m[4]:m[5]], max(m[8], m[10]), max(m[9], m[11])
	if m[6] >= 0 {
		s.mark(arg, at+from, at+to, live)
		if password := text[from:to]; password == "" || password == "x-oauth-basic" || password == "x" {
			s.mark(arg, at+m[4], at+m[5], live)
		}
	} else if m[2] >= 0 && (len(user) >= 16 || user != strings.ToLower(user)) {
		s.mark(arg, at+m[4], at+m[5], live)
	}
}

// token marks a token of a well-known service or random text, and returns where it ends.
func (s *scan) token(arg, from, end int, inAddress, encoded bool) int {
	text := s.args[arg]
	if end-from > 1 && strings.Contains(tokenStarts, text[from:from+2]) {
		if m := token.FindStringSubmatchIndex(text[from:]); m != nil {
			s.mark(arg, from+max(0, m[2]), from+m[1], false)
			return from + m[1]
		}
	}
	if encoded || from > 0 && !inAddress && (text[from-1] == '/' || text[from-1] == '+') {
		return end // data that is decoded is evidence; the rest of a text is not random
	}
	to := end
	for to < len(text) && to-from <= maxRandom && (isTokenByte(text[to]) || text[to] == '+' || text[to] == '/' && !inAddress) {
		to++
	}
	for to < len(text) && to-from <= maxRandom && text[to] == '=' {
		to++
	}
	if n := to - from; n < minRandom || n > maxRandom || !isRandom(text[from:to]) ||
		strings.Contains(strings.ToLower(text[max(0, from-8):from+3]), "sha") {
		return end
	}
	s.mark(arg, from, to, false)
	return to
}

// Bounds of random text: a shorter one says little, a longer one is rather data.
const (
	minRandom = 24
	maxRandom = 128

	// minBits and minChanges are what random text of 24 bytes in base64 hardly ever falls
	// below: bits of entropy per byte by its own frequencies, and the share of
	// neighbours of different classes (small, capital, digit). Names and paths in camel
	// case have three changes in ten bytes at the most. Hexadecimal text is not random:
	// it may be the hash of a file, a commit or a UUID, and stays unless its name makes
	// it a secret.
	minBits    = 3.75
	minChanges = 0.4
)

func isRandom(text string) bool {
	var count [256]uint8
	var seen [4]bool
	changes, last := 0, 0
	for i := range len(text) {
		class := byteClass(text[i])
		if i > 0 && class != last {
			changes++
		}
		last, seen[class] = class, true
		count[text[i]]++
	}
	if !seen[0] || !seen[1] || !seen[2] || float64(changes) < minChanges*float64(len(text)-1) {
		return false
	}
	bits := 0.0
	for _, n := range count {
		if n > 0 {
			share := float64(n) / float64(len(text))
			bits -= share * math.Log2(share)
		}
	}
	return bits >= minBits
}
