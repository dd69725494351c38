package redact

import "strings"

// look names the rules for the operands of one tool.
type look uint8

const (
	noLook look = iota
	lookDefaults
	lookPlutil
	lookPlistBuddy
	lookSecurity
	lookDscl
	lookNetworksetup
	lookLaunchctl
	lookHtpasswd
	lookMysqladmin
	lookDockerLogin
)

// look applies the rules for a tool's operands.
func (s *scan) look(at look, words []word) {
	switch at {
	case lookDefaults:
		s.defaults(words)
	case lookPlutil:
		s.plutil(words)
	case lookPlistBuddy:
		s.plistBuddy(words)
	case lookSecurity:
		s.security(words)
	case lookDscl:
		s.dscl(words)
	case lookNetworksetup:
		s.networksetup(words)
	case lookLaunchctl:
		s.launchctl(words)
	case lookHtpasswd:
		s.htpasswd(words)
	case lookMysqladmin:
		s.mysqladmin(words)
	case lookDockerLogin:
		s.dockerLogin(words)
	}
}

// after returns the words after the first that is one of the names.
func after(words []word, names ...string) []word {
	for i := range words {
		for _, name := range names {
			if strings.EqualFold(words[i].text, name) {
				return words[i+1:]
			}
		}
	}
	return nil
}

// all marks every word from the n-th on, and no option among them.
func (s *scan) all(words []word, n int) {
	for i := n; i < len(words); i++ {
		if !optionLike(words[i].text) {
			s.value(&words[i], 0, len(words[i].text))
		}
	}
}

// nth marks the n-th word.
func (s *scan) nth(words []word, n int) {
	if n < len(words) {
		s.all(words[:n+1], n)
	}
}

// typedPlain reports whether a type of defaults or plutil is one that no secret has.
func typedPlain(text string) bool {
	switch strings.ToLower(text) {
	case "-int", "-integer", "-float", "-bool", "-boolean", "-date":
		return true
	}
	return false
}

// defaults looks at `defaults write DOMAIN KEY [-TYPE] VALUE...`.
func (s *scan) defaults(words []word) {
	words = after(words, "write")
	if len(words) > 0 && strings.EqualFold(words[0].text, "-app") {
		words = words[1:]
	}
	if len(words) < 3 {
		return
	}
	key, values := words[1].text, words[2:]
	switch {
	case typedPlain(values[0].text):
	case hasPrefixFold(values[0].text, "-dict"):
		for i := 1; i+1 < len(values); i += 2 {
			if secretName(key) || secretName(values[i].text) {
				s.nth(values, i+1)
			}
		}
	case secretName(key):
		s.all(values, 0)
	}
}

// plutil looks at `plutil -insert|-replace KEYPATH -TYPE VALUE FILE`.
func (s *scan) plutil(words []word) {
	words = after(words, "-insert", "-replace")
	if len(words) > 2 && !typedPlain(words[1].text) && secretName(lastKey(words[0].text)) {
		s.nth(words, 2)
	}
}

// plistBuddy looks at `PlistBuddy -c "Set :KEY VALUE"` and `-c "Add :KEY TYPE VALUE"`.
func (s *scan) plistBuddy(words []word) {
	for i := range words {
		w := &words[i]
		verb, rest, _ := strings.Cut(w.text, " ")
		entry, value, _ := strings.Cut(rest, " ")
		if !secretName(lastKey(entry)) {
			continue
		}
		if strings.EqualFold(verb, "add") {
			kind, text, _ := strings.Cut(value, " ")
			if !strings.EqualFold(kind, "string") && !strings.EqualFold(kind, "data") {
				continue
			}
			value = text
		} else if !strings.EqualFold(verb, "set") {
			continue
		}
		s.value(w, len(w.text)-len(value), len(w.text))
	}
}

// lastKey returns the last part of a key path.
func lastKey(path string) string {
	return path[strings.LastIndexAny(path, ":.")+1:]
}

// keychainOptions are the letters of security's commands that a password follows.
var keychainOptions = map[string]string{
	"add-generic-password": "wp", "add-internet-password": "w", "unlock-keychain": "p", "create-keychain": "p",
	"set-keychain-password": "op", "import": "P", "export": "P", "set-key-partition-list": "k",
	"set-generic-password-partition-list": "k", "set-internet-password-partition-list": "k",
}

// security looks at the options of a security(1) command.
func (s *scan) security(words []word) {
	for i := range words {
		letters, ok := keychainOptions[words[i].text]
		if !ok {
			continue
		}
		for k := i + 1; k < len(words); k++ {
			text := words[k].text
			if len(text) > 1 && text[0] == '-' && strings.IndexByte(letters, text[1]) >= 0 {
				if len(text) > 2 {
					s.value(&words[k], 2, len(text))
				} else {
					k += s.next(words[k:]) - 1
				}
			}
		}
		return
	}
}

// dscl looks at `dscl NODE -passwd PATH [OLD] NEW` and `-authonly USER PASSWORD`.
func (s *scan) dscl(words []word) {
	s.all(after(words, "-passwd", "passwd", "-authonly", "authonly", "-auth", "auth"), 1)
	if rest := after(words, "-create", "create", "-append", "append"); len(rest) > 2 && strings.EqualFold(rest[1].text, "Password") {
		s.all(rest, 2)
	}
}

// networkPasswords tell which operand of an option of networksetup is a password.
var networkPasswords = map[string]int{
	"-setairportnetwork": 2, "-addpreferredwirelessnetworkatindex": 4, "-setpppoeaccountpassword": 1, "-createpppoeservice": 3,
	"-setwebproxy": 5, "-setsecurewebproxy": 5, "-setftpproxy": 5, "-setstreamingproxy": 5, "-setgopherproxy": 5,
	"-setsocksfirewallproxy": 5,
}

func (s *scan) networksetup(words []word) {
	for i := range words {
		if n, ok := networkPasswords[strings.ToLower(words[i].text)]; ok {
			s.nth(words[i+1:], n)
			return
		}
	}
}

// launchctl looks at `launchctl setenv NAME VALUE...`.
func (s *scan) launchctl(words []word) {
	words = after(words, "setenv")
	for i := 0; i+1 < len(words); i += 2 {
		if secretName(words[i].text) {
			s.nth(words, i+1)
		}
	}
}

// htpasswd looks at `htpasswd -b[OPTIONS] [FILE] USER PASSWORD`.
func (s *scan) htpasswd(words []word) {
	for i := range words {
		if text := words[i].text; len(text) > 1 && text[0] == '-' && strings.IndexByte(text, 'b') > 0 {
			s.nth(words, len(words)-1)
			return
		}
	}
}

// mysqladmin looks at `mysqladmin password NEW`.
func (s *scan) mysqladmin(words []word) { s.nth(after(words, "password", "old-password"), 0) }

// dockerLogin looks at `docker login -p PASSWORD`: elsewhere docker's -p is a port.
func (s *scan) dockerLogin(words []word) {
	words = after(words, "login")
	for i := range words {
		switch text := words[i].text; {
		case text == "-p":
			s.next(words[i:])
		case len(text) > 2 && text[:2] == "-p":
			s.value(&words[i], 2, len(text))
		}
	}
}
