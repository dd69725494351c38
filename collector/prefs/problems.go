package prefs

import (
	"slices"

	"hooksnare/pkg/event"
)

// problemKey tells one trouble from another.
type problemKey struct{ path, why string }

// turn takes over what is wrong with a file or a folder, in place of what was. An empty
// reason is no trouble. Of a home it is told in the home's turn: a hundred that die at a time
// hold up nobody's changes.
func (c *Collector) turn(p *place, was, is problem) {
	switch {
	case was.same(is):
	case p.home:
		if was.why != "" {
			p.share.owe(owed{problem: was})
		}
		if is.why != "" {
			p.share.owe(owed{problem: is, begins: true})
		}
		c.backlog.add(p)
	default:
		if was.why != "" {
			c.end(was)
		}
		if is.why != "" {
			c.begin(p, is)
		}
	}
}

// begin tells of trouble, once: several places may lie behind one link.
func (c *Collector) begin(p *place, bad problem) {
	key := problemKey{bad.path, bad.why}
	c.refs[key]++
	if c.refs[key] > 1 {
		return
	}
	u := &event.Unreadable{
		Path: bad.path, Why: bad.why, Detail: bad.detail, Found: bad.found,
		On: true, Since: c.opts.Now(),
		Home: p.homeOf(bad.path), Owner: bad.by.file.id(), FolderOwner: bad.by.folder.id(),
	}
	// What lasts since the run before is the same trouble still.
	old := take(&c.carried, key)
	if old == nil && p != nil {
		old = take(&p.carried, key)
	}
	switch {
	case old == nil:
		c.dirty = c.dirty || p != nil
	case old.Found.SHA256 != "" && old.Found.SHA256 != bad.found.SHA256: // with another content
		c.over(old)
	default:
		u.Since = old.Since
		c.dirty = c.dirty || old.Found.SHA256 != bad.found.SHA256
	}
	c.problems[key] = u
	c.handler.HandleUnreadable(*u)
}

// end tells that there is no such trouble any more.
func (c *Collector) end(bad problem) {
	key := problemKey{bad.path, bad.why}
	if c.refs[key]--; c.refs[key] > 0 {
		return
	}
	delete(c.refs, key)
	u := c.problems[key]
	delete(c.problems, key)
	c.over(u)
}

// over tells that u is in the past.
func (c *Collector) over(u *event.Unreadable) {
	u.On, u.Until = false, c.opts.Now()
	if u.Until.Before(u.Since) {
		u.Until = u.Since // the clock was set
	}
	c.dirty = true
	c.handler.HandleUnreadable(*u)
}

// dropCarried tells that what was wrong with p in the run before was mended since. What is
// about to be told to be wrong still was not.
func (c *Collector) dropCarried(p *place) {
	p.carried = slices.DeleteFunc(p.carried, func(u *event.Unreadable) bool {
		switch {
		case !p.home:
			c.over(u)
		case p.share.begins(problemKey{u.Path, u.Why}):
			return false
		default:
			p.share.owe(owed{past: u})
			c.backlog.add(p)
		}
		return true
	})
}

// take removes the trouble of the key from a list and returns it, nil if it is not there.
func take(list *[]*event.Unreadable, key problemKey) *event.Unreadable {
	for i, u := range *list {
		if u.Path == key.path && u.Why == key.why {
			*list = append((*list)[:i], (*list)[i+1:]...)
			return u
		}
	}
	return nil
}
