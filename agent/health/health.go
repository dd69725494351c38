// Package health names every way in which an agent does not see, keep or deliver what it
// should, with what that means and what to do about it. It holds words and nothing else: no
// clock, no files, and nothing of the agent.
package health

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// Name is a kind of condition. Its row in the table says what it means.
type Name uint8

// The names. To add one, add a row to the table: a test asks for it.
const (
	_ Name = iota

	// The sensor. Those from EsloggerExited to SchemaUnknown are raised by eslogger's reader,
	// under the same words.
	Starting
	EsloggerExited
	NoFullDiskAccess
	NotRoot
	NotEntitled
	TooManyClients
	UnknownEvent
	NotStarted
	Blind
	Gap
	SchemaUnknown

	// What else is watched, and by which rules.
	PreferencesFailed
	EventsForgotten // of a [Counter]
	ShareUsedUp     // of a user or a home
	ClockJumped
	Configuration
	Rules
	Exceptions
	ExceptionsChanged

	// The agent's own files and folders.
	Tampered    // of a file, or launchd
	PlaceUnsafe // of a path
	DiskHangs   // of a folder, or what is on it
	StateNotSaved
	StateDamaged

	// Delivery.
	SpoolFailed
	SpoolFull
	SpoolDamaged
	AlertsLost
	AlertsRefused // of outputs
	LettersDropped
	ChainRenewed
	OutputFailed // of an output

	names // how many there are
)

// Row is what is known of a kind of condition.
type Row struct {
	Word    string // its name in alerts, heartbeats and the status
	Of      string // what its subject is; "" for one that has none
	Moment  bool   // it happens and does not last: it ends as it begins
	Silent  bool   // the status, doctor and heartbeats show it, and it raises no alert
	Meaning string // what it is, and what it means for what is seen
	Cure    string // what to do about it
}

// Report takes a condition as it begins and as it ends; until is zero while it is on.
type Report func(c Condition, detail string, on bool, since, until time.Time)

// Condition is a condition of one subject. Those that differ in either are on beside each
// other. The zero value is none.
type Condition struct {
	Name    Name
	Subject string
}

// Of returns the condition of a subject.
func (n Name) Of(subject string) Condition { return Condition{Name: n, Subject: subject} }

// Row returns what is known of a kind of condition.
func (n Name) Row() Row {
	if n == 0 || n >= names {
		return Row{Word: "unknown"}
	}
	return table[n]
}

func (n Name) String() string { return n.Row().Word }

// Rows returns the whole table, in the order of the names.
func Rows() []Row { return append([]Row(nil), table[1:]...) }

// maxSubject bounds a subject as it is printed, in bytes: a longer one ends with digits of its
// hash, so that different ones stay different.
const (
	maxSubject  = 120
	hashOfLong  = 16 // hexadecimal digits
	plainMarks  = "/._-@+:="
	upperDigits = "0123456789ABCDEF"
)

// String returns the condition as alerts and heartbeats name it: NAME, or NAME.SUBJECT. The
// subject may be anything: what is not a letter, a digit or a plain mark of ASCII is written
// %XX, and its length is bounded. No two conditions have the same text.
func (c Condition) String() string {
	if c.Subject == "" {
		return c.Name.String()
	}
	return c.Name.String() + "." + escaped(c.Subject)
}

func escaped(subject string) string {
	var b strings.Builder
	for i := range len(subject) {
		if b.Len() > maxSubject {
			break
		}
		if c := subject[i]; isPlain(c) {
			b.WriteByte(c)
		} else {
			b.WriteByte('%')
			b.WriteByte(upperDigits[c>>4])
			b.WriteByte(upperDigits[c&15])
		}
	}
	if b.Len() <= maxSubject {
		return b.String()
	}
	sum := sha256.Sum256([]byte(subject))
	return b.String()[:maxSubject-hashOfLong-1] + "~" + hex.EncodeToString(sum[:])[:hashOfLong]
}

func isPlain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(plainMarks, c) >= 0
}

// Find returns the name of a condition from its text, with or without a subject.
func Find(text string) (Name, bool) {
	word, _, _ := strings.Cut(text, ".")
	for n := Name(1); n < names; n++ {
		if table[n].Word == word {
			return n, true
		}
	}
	return 0, false
}
