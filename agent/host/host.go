// Package host knows the Mac that the agent runs on: its identity and the names of its users.
package host

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"runtime"
	"strconv"
	"strings"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// Identity is the Mac that events come from. Of a recording nothing is known: the zero
// value.
type Identity struct {
	ID       string // the hardware's UUID
	Hostname string
	Version  string // of macOS, and its build
	Build    string
	Serial   string // of the Mac, "" where it can't be had
	Boot     string // id of the boot session
	Arch     string
	Users    *Users // nil: ids only
}

// ThisHost returns the identity of the machine the agent runs on. Under a root folder the
// users are not looked up: they belong to another disk.
func ThisHost(root string) Identity {
	id := Identity{Arch: runtime.GOARCH}
	id.Hostname, _ = os.Hostname()
	id.readSystem()
	id.Serial = printableSerial(id.Serial)
	if root == "" {
		id.Users = NewUsers()
	}
	return id
}

// Origin is what documents of an agent of that version say of where they are from.
func (id *Identity) Origin(version string) alert.Origin {
	o := alert.Origin{Agent: alert.AgentInfo{Type: "hooksnare", Version: version}, Host: id.describeHost()}
	if id.Serial != "" {
		o.Device = &alert.Device{SerialNumber: id.Serial}
	}
	return o
}

// maxSerial bounds a serial number, in bytes. Apple's have twelve at the most, those of virtual machines
// more.
const maxSerial = 64

// printableSerial returns a serial number, "" for what is none: a virtual machine can have anything.
func printableSerial(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > maxSerial || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return s
}

func (id *Identity) describeHost() alert.Host {
	h := alert.Host{
		ID: id.ID, Name: id.Hostname, Hostname: id.Hostname, Architecture: id.Arch,
		OS: alert.OS{Type: "macos", Name: "macOS", Version: id.Version, Build: id.Build},
	}
	if id.Boot != "" {
		h.Boot = &alert.Boot{ID: id.Boot}
	}
	return h
}

// EntityID returns the id of a process that no other process of any host has.
func (id *Identity) EntityID(key event.Key) string { return string(id.AppendEntityID(nil, key)) }

// AppendEntityID appends what entity returns.
func (id *Identity) AppendEntityID(to []byte, key event.Key) []byte {
	var room [160]byte
	var number [20]byte
	b := room[:0]
	b = appendText(b, "process")
	b = appendText(b, id.ID)
	b = appendText(b, id.Boot)
	b = appendText(b, strconv.AppendInt(number[:0], int64(key.PID), 10))
	b = appendText(b, strconv.AppendUint(number[:0], uint64(key.Version), 10))
	return appendDigest(to, b)
}

// StableID is a stable id made of texts.
func StableID(texts ...string) string {
	var b []byte
	for _, t := range texts {
		b = appendText(b, t)
	}
	return string(appendDigest(nil, b))
}

// appendText writes a text so that no two lists of texts look alike.
func appendText[T string | []byte](to []byte, text T) []byte {
	to = strconv.AppendInt(to, int64(len(text)), 10)
	to = append(to, ':')
	return append(to, text...)
}

func appendDigest(to, texts []byte) []byte {
	sum := sha256.Sum256(texts)
	return hex.AppendEncode(to, sum[:16])
}
