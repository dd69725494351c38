package hook

// maxFacts bounds what one command can say: an alert is made of each fact, and one
// command line has room for ten thousand.
const maxFacts = 64

// findings collects the facts of one command.
type findings struct{ facts []Fact }

// add keeps a fact. When there is no room, a fact that a later one undoes goes first,
// then the oldest of those that matter least: a flood of decoys in front of the
// command that counts, or behind it, must not push that one out.
func (f *findings) add(n Fact) {
	if len(f.facts) < maxFacts {
		f.facts = append(f.facts, n)
		return
	}
	victim := 0
	for i := range f.facts {
		o := &f.facts[i]
		if o.Key == n.Key && o.Plist == n.Plist && o.Operation == n.Operation && o.Domain == n.Domain {
			victim = i
			break
		}
		if weight(o) < weight(&f.facts[victim]) {
			victim = i
		}
	}
	if o := &f.facts[victim]; weight(&n) < weight(o) {
		return
	}
	copy(f.facts[victim:], f.facts[victim+1:])
	f.facts[len(f.facts)-1] = n
}

// weight orders facts by how likely loginwindow acts on them: the owner of the file
// first, then whether a program is named.
func weight(f *Fact) int {
	w := 0
	switch f.Scope {
	case Root, System, Managed:
		w = 8
	case User, ByHost, Global:
		w = 4
	}
	if hookKey(f.Key) != "" {
		w += 2
	}
	if f.Operation == Set {
		w++
	}
	return w
}

// setsHook says whether a fact tells of a login or logout hook that is set.
func (f *findings) setsHook() bool {
	for i := range f.facts {
		if f.facts[i].Operation == Set && hookKey(f.facts[i].Key) != "" {
			return true
		}
	}
	return false
}
