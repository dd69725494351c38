package redact

import "strings"

// nameBuffer holds a name in its comparable form without allocating.
type nameBuffer [96]byte

// base returns the name of the program that a word names: the last element of its
// path in lower case, without the dash of a login shell and a version at the end. It
// is empty when that is longer than any name in the tables.
func (b *nameBuffer) base(path string) []byte {
	path = path[strings.LastIndexByte(path, '/')+1:]
	path = strings.TrimPrefix(path, "-")
	if len(path) > 32 {
		return nil
	}
	path = strings.TrimRight(path, "0123456789.")
	for i := range len(path) {
		b[i] = lower(path[i])
	}
	return b[:len(path)]
}

// plain returns a name in lower case, without what joins its parts. It is empty when
// the name is too long, or holds what no name holds.
func (b *nameBuffer) plain(name string) []byte {
	if len(name) > len(b) {
		return nil
	}
	n := 0
	for i := range len(name) {
		switch c := lower(name[i]); {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			b[n] = c
			n++
		case c != '_' && c != '-' && c != '.':
			return nil
		}
	}
	return b[:n]
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}

var (
	// secretParts make the name of a variable or a setting that of a secret.
	secretParts = []string{"password", "passwd", "passphrase", "passcode", "token", "secret", "apikey", "accesskey", "privatekey"}

	// secretEnds make the name of an option that of one whose next word is a secret.
	// A private key is none of them: what follows is its file.
	secretEnds = []string{"password", "passwd", "passphrase", "passcode", "token", "secret", "apikey", "accesskey", "secretkey", "bearer"}

	// shortNames are secrets by themselves, but common parts of other words.
	shortNames = []string{
		"pass", "pw", "pwd", "pswd", "passw", "psk", "vncpw", "authkey", "storepass", "keypass", "srcstorepass",
		"deststorepass", "adminpass", "userpass", "rootpass", "dbpass", "sudopass",
	}

	// shortEnds are the same after a separator, as in DB_PASS.
	shortEnds = []string{"_pass", "-pass", ".pass", "_pw", "-pw", "_pwd", "-pwd", "_psk"}

	// about ends the names of what is said about a secret.
	about = []string{
		"file", "path", "dir", "url", "uri", "prompt", "stdin", "policy", "length", "name", "type", "command", "cmd",
		"hint", "tokenizer", "endpoint", "ttl", "lifetime", "expiry", "timeout", "delay", "tokens", "id", "enabled", "required",
	}

	// verbs begin the names of switches.
	switchVerbs = []string{"askfor", "show", "prompt", "print", "require", "allow", "disable", "enable", "skip", "generate", "max", "min", "tokeniz"}

	// switchParts are the same where they would begin other words too.
	switchParts = []string{"no-", "no_", "with-", "use-", "get-", "ask-", "has-", "is-", "on-"}
)

// secretName reports whether what a variable or a setting of this name holds is a
// secret.
func secretName(name string) bool {
	var buffer nameBuffer
	plain := string(buffer.plain(name))
	if plain == "" || isAbout(plain) || isSwitch(name, plain) {
		return false
	}
	for _, part := range secretParts {
		if strings.Contains(plain, part) {
			return true
		}
	}
	return shortName(name, plain)
}

// secretOption reports whether the word after an option of this name is a secret.
func secretOption(name string) bool {
	name = strings.TrimLeft(name, "-")
	var buffer nameBuffer
	plain := string(buffer.plain(name))
	if plain == "" || isSwitch(name, plain) {
		return false
	}
	for _, end := range secretEnds {
		if strings.HasSuffix(plain, end) {
			return true
		}
	}
	return shortName(name, plain)
}

func shortName(name, plain string) bool {
	for _, short := range shortNames {
		if plain == short {
			return true
		}
	}
	for _, end := range shortEnds {
		if len(name) > len(end) && strings.EqualFold(name[len(name)-len(end):], end) {
			return !strings.EqualFold(name, "old_pwd")
		}
	}
	return false
}

func isAbout(plain string) bool {
	for _, end := range about {
		if strings.HasSuffix(plain, end) {
			return end != "id" || !strings.HasSuffix(plain, "accesskeyid")
		}
	}
	return false
}

func isSwitch(name, plain string) bool {
	for _, verb := range switchVerbs {
		if strings.HasPrefix(plain, verb) {
			return true
		}
	}
	for _, part := range switchParts {
		if len(name) > len(part) && strings.EqualFold(name[:len(part)], part) {
			return true
		}
	}
	return false
}
