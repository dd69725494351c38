package config

import (
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// member documents one member of a dictionary of the configuration.
type member struct{ name, kind, doc string }

var exceptionMembers = []member{
	{"ID", "string", "required; letters, digits, `.` `_` `-`; unique"},
	{"Rules", "strings", "ids of the rules it holds for; without it, every rule"},
	{"Where", "string", "required; the EQL condition that an alert must meet, best on `hooksnare.hook.value`"},
	{"Reason", "string", "required; who wants it and why"},
	{"Expires", "date or RFC 3339 string", "when it ends; without it, never"},
	{"Require", "dictionary", "what must hold of the hook's program; all that is set must hold"},
	{"Preset", "string", "instead of all others: `jamf` stands for the exception that is there by default"},
}

var requireMembers = []member{
	{"Owner", "string or integer", "user name or user id that owns the program"},
	{"NotWritableByOthers", "boolean", "nobody but root can change the program, its interpreter or any folder above it"},
	{"SHA256", "strings", "the program's SHA-256 in hex is one of these"},
	{"TeamID", "string", "the program is signed by this team; this version can't verify that, so such an exception covers nothing"},
}

// names returns what the members are called.
func names(members []member) []string {
	all := make([]string, len(members))
	for i, m := range members {
		all[i] = m.name
	}
	return all
}

// maxWhere bounds a condition, which a person writes, in bytes.
const maxWhere = 16 << 10

var (
	wordPattern  = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$`)
	teamPattern  = regexp.MustCompile(`^[A-Z0-9]{10}$`)
	ownerPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9._-]{0,62}$`)
)

// word returns a name that is safe in a path, an address and a log.
func (v value) word(what string) (string, bool) {
	s, ok := v.raw.(string)
	if !ok || !wordPattern.MatchString(s) {
		return "", v.expected(what + " of at most 64 letters, digits, \".\", \"_\", \"-\"")
	}
	return s, true
}

// ruleID returns the id of a rule, in whatever way its author writes ids.
func ruleID(v value) (string, bool) {
	s, ok := v.text("a rule id")
	if ok && len(s) > 256 {
		return "", v.fail("expected a rule id of at most 256 bytes, found %d", len(s))
	}
	return s, ok
}

// exceptions returns the exceptions of an array that are right. Only a value that is
// no array at all is not to be used: what it would have replaced then stays. seen tells
// which IDs are taken, and by what.
func (v value) exceptions(seen map[string]string) ([]Exception, bool) {
	elements, ok := v.list("dictionaries")
	if !ok {
		return nil, false
	}
	all := make([]Exception, 0, len(elements))
	for _, e := range elements {
		x, ok := e.exception()
		if x.ID != "" {
			if first, twice := seen[x.ID]; twice {
				e.fail("the ID %s is that of %s already", quote(x.ID), first)
				continue
			}
			seen[x.ID] = e.key
		}
		if ok {
			all = append(all, x)
		}
	}
	return all, true
}

// exception returns one exception. A wrong one must not be used in part: without one
// of its conditions it would hide more than was asked for.
func (v value) exception() (Exception, bool) {
	m, ok := v.members(names(exceptionMembers))
	if m == nil {
		return Exception{}, false
	}
	if p, found := m["Preset"]; found {
		x, good := v.preset(p, len(m))
		return x, good && ok
	}
	x := Exception{Key: v.key}
	for _, name := range []string{"ID", "Where", "Reason"} {
		if _, found := m[name]; !found {
			ok = v.fail("needs %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		ok = m[name].exceptionMember(name, &x) && ok
	}
	return x, ok
}

// preset returns a named exception.
func (v value) preset(p value, members int) (Exception, bool) {
	name, _ := p.raw.(string)
	preset, found := presets[name]
	switch {
	case !found:
		return Exception{}, p.expected("the name of a preset (jamf)")
	case members > 1:
		return Exception{}, p.fail("expected nothing beside Preset; to change a preset, write it out as an exception")
	}
	x := preset()
	x.Key = v.key
	return x, true
}

// exceptionMember reads the named member into x.
func (v value) exceptionMember(name string, x *Exception) (ok bool) {
	switch name {
	case "ID":
		x.ID, ok = v.word("a name")
	case "Rules":
		x.Rules, ok = v.strings("rule ids", ruleID)
		if ok && len(x.Rules) == 0 {
			ok = v.fail("expected rule ids; leave Rules out for every rule")
		}
	case "Where":
		x.Where, ok = v.where()
	case "Reason":
		x.Reason, ok = v.text("a reason")
	case "Expires":
		x.Expires, ok = v.date()
	case "Require":
		x.Require, ok = v.require()
	}
	return ok
}

// where returns a condition. It may have several lines.
func (v value) where() (string, bool) {
	s, ok := v.raw.(string)
	switch {
	case !ok || strings.TrimSpace(s) == "":
		return "", v.expected("an EQL condition")
	case len(s) > maxWhere:
		return "", v.fail("expected an EQL condition of at most %d bytes, found %d", maxWhere, len(s))
	}
	if v.checkWhere != nil {
		if err := v.checkWhere(s); err != nil {
			return "", v.fail("%v", err)
		}
	}
	return s, true
}

// date returns a date in this century, which is what a mistyped one is not.
func (v value) date() (time.Time, bool) {
	var t time.Time
	switch d := v.raw.(type) {
	case time.Time:
		t = d
	case string:
		t, _ = time.Parse(time.RFC3339, d)
	}
	t = t.UTC()
	if t.Year() < 2000 || t.Year() >= 2100 {
		return time.Time{}, v.expected("a date from 2000 to 2099, such as 2030-12-31T00:00:00Z")
	}
	return t, true
}

// require returns what is asked of a hook's program.
func (v value) require() (Require, bool) {
	m, ok := v.members(names(requireMembers))
	if m == nil {
		return Require{}, false
	}
	var r Require
	for _, name := range slices.Sorted(maps.Keys(m)) {
		ok = m[name].requireMember(name, &r) && ok
	}
	if ok && r.IsZero() {
		ok = v.fail("requires nothing: expected one of %s", strings.Join(names(requireMembers), ", "))
	}
	return r, ok
}

// requireMember reads the named member into r.
func (v value) requireMember(name string, r *Require) (ok bool) {
	switch name {
	case "Owner":
		r.Owner, ok = v.owner()
	case "NotWritableByOthers":
		r.NotWritableByOthers, ok = v.boolean()
	case "SHA256":
		r.SHA256, ok = v.strings("SHA-256 sums", sha256Sum)
		if ok && len(r.SHA256) == 0 {
			ok = v.fail("expected SHA-256 sums; leave SHA256 out for any content")
		}
	case "TeamID":
		var s string
		if s, ok = v.raw.(string); !ok || !teamPattern.MatchString(s) {
			return v.expected("a team id of ten capital letters and digits")
		}
		r.TeamID = s
	}
	return ok
}

// owner returns a user name, or a user id in decimal.
func (v value) owner() (string, bool) {
	if s, ok := v.raw.(string); ok {
		if ownerPattern.MatchString(s) {
			return s, true
		}
		if id, err := strconv.ParseUint(s, 10, 32); err == nil {
			return strconv.FormatUint(id, 10), true
		}
		return "", v.expected("a user name or id")
	}
	const last = 1<<32 - 1
	if id, ok := v.number(); ok && id >= 0 && id <= last && id == float64(uint32(id)) {
		return strconv.FormatUint(uint64(id), 10), true
	}
	return "", v.expected("a user name or id")
}

// sha256Sum returns a sum in lower-case hex.
func sha256Sum(v value) (string, bool) {
	const size = 64 // hex digits
	s, _ := v.raw.(string)
	if _, err := hex.DecodeString(s); err != nil || len(s) != size {
		return "", v.expected("a SHA-256 sum of 64 hex digits")
	}
	return strings.ToLower(s), true
}
