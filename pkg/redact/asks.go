package redact

import "strings"

// asksPassword reports whether a command reads a password from its standard input.
func asksPassword(words []word) bool {
	for len(words) > 0 {
		t, at, end := lead(words)
		var buffer nameBuffer
		switch name := string(buffer.base(words[at].text)); {
		case name == "sudo" && stdinFlag(t, words[at+1:end]):
			return true
		case name == "su", name == "chpasswd", name == "sshpass" && !passGiven(words[at+1:end]):
			return true
		}
		for i := range words[:end] {
			if stdinOption(words[i].text) {
				return true
			}
		}
		words = words[end:]
	}
	return false
}

// stdinFlag reports whether sudo's options hold -S.
func stdinFlag(t *tool, words []word) bool {
	for i := 0; i < len(words); i++ {
		text := words[i].text
		if len(text) < 2 || text[0] != '-' || text == "--" {
			continue
		}
		if text == "--stdin" {
			return true
		}
		if text[1] == '-' {
			continue
		}
		own := text[1:]
		if at := strings.IndexAny(own, t.valued); at >= 0 {
			own = own[:at]
		}
		if strings.IndexByte(own, 'S') >= 0 {
			return true
		}
		if t.awaits(text) {
			i++
		}
	}
	return false
}

// passGiven reports whether sshpass is told another place than its standard input.
func passGiven(words []word) bool {
	for i := range words {
		if text := words[i].text; len(text) > 1 && text[0] == '-' && strings.IndexByte("pfde", text[1]) >= 0 {
			return true
		}
	}
	return false
}

// stdinOption reports whether an option says that a password comes on standard input.
func stdinOption(text string) bool {
	if len(text) < 2 || text[0] != '-' || len(text) > 40 {
		return false
	}
	switch text {
	case "--with-token", "-inputplist":
		return true
	}
	return containsFold(text, "stdin") && (containsFold(text, "pass") || containsFold(text, "token"))
}
