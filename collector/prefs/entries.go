package prefs

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// entries lists a folder if it may have changed, and looks at what is listed.
func (l *look) entries(f *folder) {
	e := &f.entries
	if !e.settled || e.st != f.st || l.relist {
		l.read(f)
	}
	// Where a look can't afford all files, the next begins with those it left out.
	for i, first := 0, l.turn; i < len(e.nodes); i++ {
		at, short := (first+i)%len(e.nodes), l.short
		if l.node(e.nodes[at]); l.short && !short {
			l.turn = at
		}
	}
	for _, u := range e.users {
		l.folder(u, "")
	}
}

// read lists a folder and takes over what is in it.
func (l *look) read(f *folder) {
	e := &f.entries
	if e.st != f.st {
		e.st, e.since, e.settled = f.st, l.at, false
	}
	settled := l.at.Sub(e.since) >= l.granule
	all, more, err := l.disk.list(f.host, f.st, maxEntries)
	if err != nil {
		e.st, l.blind = stamp{}, true
		l.bad(&f.list, reason(err, f.shown))
		return
	}
	e.settled = settled
	bad := problem{}
	if more {
		bad = l.crowded(f, fmt.Sprintf("more than %d names", maxEntries))
	}
	l.partial = more
	var left int
	switch f.lists {
	case listsFiles:
		left = l.listFiles(f, all)
	case listsUsers:
		left = l.listUsers(f, all)
	case listsFolder:
		left = l.listHomes(f, all)
	}
	l.partial = l.partial || left > 0
	if left > 0 && bad.why == "" {
		bad = l.crowded(f, fmt.Sprintf("%d are not looked at", left))
	}
	l.bad(&f.list, bad)
}

// crowded is what is wrong with a folder that holds too much.
func (l *look) crowded(f *folder, detail string) problem {
	return problem{path: f.shown, why: tooMany, detail: detail, found: f.st.found(), by: hands{file: l.disk.holderOf(f.st)}}
}

// listFiles takes over the files that can hold a hook. Those known go first, so that no
// flood of new names hides a change.
func (l *look) listFiles(f *folder, all []entry) (left int) {
	here := map[string]string{} // by the name that is shown
	for _, e := range all {
		name := byHostName(e.name)
		if _, taken := here[name]; name != "" && (!taken || name == e.name) {
			here[name] = e.name
		}
	}
	f.entries.nodes = slices.DeleteFunc(f.entries.nodes, func(n *node) bool {
		name := n.shown[strings.LastIndexByte(n.shown, '/')+1:]
		if _, ok := here[name]; ok {
			f.placeAs(n, here[name])
			delete(here, name)
			return false
		}
		l.tell(n, outcome{by: hands{folder: l.dir}})
		return true
	})
	for _, e := range all {
		name := byHostName(e.name)
		if here[name] != e.name || name == "" {
			continue
		}
		if len(f.entries.nodes) == maxByHost {
			left++
			continue
		}
		n := preferencesNode(f.shown + "/" + name)
		f.placeAs(n, e.name)
		f.entries.nodes = append(f.entries.nodes, n)
	}
	return left
}

// placeAs is place for a file whose name is spelled otherwise on the disk.
func (f *folder) placeAs(n *node, name string) {
	if host := f.host + "/" + name; n.host != host {
		n.host, n.name = host, f.real+"/"+name
		n.forget()
	}
}

// listUsers takes over the folders of users' managed preferences. A link is taken too:
// the look at it says so.
func (l *look) listUsers(f *folder, all []entry) (left int) {
	here := map[string]bool{}
	for _, e := range all {
		if e.kind == fs.ModeDir || e.kind == fs.ModeSymlink {
			here[e.name] = true
		}
	}
	f.entries.users = slices.DeleteFunc(f.entries.users, func(u *folder) bool {
		name := u.shown[strings.LastIndexByte(u.shown, '/')+1:]
		if here[name] {
			delete(here, name)
			return false
		}
		l.bad(&u.way, problem{})
		l.gone(u)
		return true
	})
	for _, e := range all {
		switch {
		case !here[e.name]:
		case len(f.entries.users) == maxManaged:
			left++
		default:
			f.entries.users = append(f.entries.users, preferencesFolder(f.shown+"/"+e.name))
		}
	}
	return left
}

// listHomes takes over the homes: folders, not links to some.
func (l *look) listHomes(f *folder, all []entry) (left int) {
	var homes []string
	for _, e := range all {
		if e.kind == fs.ModeDir {
			homes = append(homes, f.shown+"/"+e.name)
		}
	}
	slices.Sort(homes)
	if len(homes) > maxHomes {
		left = len(homes) - maxHomes
		homes = homes[:maxHomes]
	}
	f.entries.homes = homes
	l.homes, l.listed = homes, true
	return left
}
