package redact

import (
	"slices"
	"strings"
)

// kind says whether what has a name is a secret.
type kind uint8

const (
	noKind     kind = iota
	weakKind        // if it looks like one: key, auth
	secretKind      // unless it can't be one: password, token
)

var (
	// secretParts make a name that of a secret, wherever they stand in it.
	secretParts = []string{
		"password", "passwd", "passphrase", "passcode", "pswd", "token", "secret", "credential", "apikey", "accesskey",
		"privatekey", "authkey", "signingkey", "encryptionkey", "masterkey", "accountkey", "storagekey",
	}

	// secretEnds and weakEnds do so at its end.
	secretEnds = []string{"pass", "pw", "pwd", "psk", "jwt", "hmac", "bearer", "creds"}
	weakEnds   = []string{"key", "auth", "cred", "pin", "otp", "cookie", "sessionid", "sid"}

	// innocentEnds end words that are none of these, and the names of what is said about
	// a secret.
	innocentEnds = strings.Fields(`
		bypass compass multipass trespass surpass oldpwd monkey hotkey turkey publickey pubkey primarykey sortkey
		file path dir url uri prompt stdin policy length name type command cmd hint tokenizer endpoint ttl lifetime expiry
		timeout delay tokens id enabled required helper manager count size algorithm sock socket host port status mode
		label profile fd age method provider service user scope`)

	// switches begin the names of options without a secret, switchWords before a dash.
	switches = strings.Fields(`
		askfor show prompt print require allow disable enable skip generate max min tokeniz stdin find delete addgeneric
		addinternet setgeneric setinternet`)
	switchWords = []string{"no", "with", "use", "get", "ask", "has", "is", "on"}
)

// maxName bounds a name that is looked at, in bytes.
const maxName = 96

// baseName returns the name of the program that a word names: the last element of its
// path in lower case, without the dash of a login shell and a version at the end.
func baseName(path string) string {
	path = strings.TrimPrefix(path[strings.LastIndexByte(path, '/')+1:], "-")
	const longest = 32 // longer than any name in the tables
	return strings.ToLower(strings.TrimRight(path[:min(len(path), longest)], "0123456789."))
}

var withoutMarks = strings.NewReplacer("_", "", "-", "", ".", "")

// nameKind tells what a variable or a setting of this name holds. At the end says that
// only the end of the name counts, as for an option whose value is the next word.
func nameKind(name string, atEnd bool) kind {
	name = strings.Trim(name, "-")
	plain := strings.ToLower(withoutMarks.Replace(name[:min(len(name), maxName)]))
	if len(plain) < 2 || len(name) > maxName || name == "PWD" || strings.IndexFunc(name, func(r rune) bool { return r >= 0x80 || !isNameByte(byte(r)) }) >= 0 {
		return noKind
	}
	for _, end := range innocentEnds {
		if strings.HasSuffix(plain, end) && !strings.HasSuffix(plain, "accesskeyid") && !strings.HasSuffix(plain, "sessionid") {
			return noKind
		}
	}
	for _, start := range switches {
		if strings.HasPrefix(plain, start) {
			return noKind
		}
	}
	first, _, _ := strings.Cut(strings.ReplaceAll(name, "_", "-"), "-")
	if len(first) < len(name) && slices.Contains(switchWords, strings.ToLower(first)) {
		return noKind
	}
	for _, part := range secretParts {
		if at := strings.LastIndex(plain, part); at >= 0 && (!atEnd || at+len(part) == len(plain)) {
			return secretKind
		}
	}
	plain = strings.TrimRight(plain, "0123456789")
	for _, end := range secretEnds {
		if strings.HasSuffix(plain, end) {
			return secretKind
		}
	}
	for _, end := range weakEnds {
		if strings.HasSuffix(plain, end) {
			return weakKind
		}
	}
	return noKind
}
