package prefs

import (
	"time"

	"hooksnare/pkg/event"
)

// problemKey tells one trouble from another.
type problemKey struct{ path, why string }

// turn takes over what is wrong with a file or a folder, in place of what was. An empty
// reason is no trouble. Of a home it is told as far as its share allows.
func (c *Collector) turn(p *place, was, is problem) {
	if was.same(is) {
		return
	}
	now := time.Now()
	if was.why != "" {
		if p.share.owed[problemKey{was.path, was.why}] == nil && c.mayReport(p, now) {
			c.end(was)
		} else {
			c.owe(p, was, -1)
		}
	}
	if is.why != "" {
		if p.share.owed[problemKey{is.path, is.why}] == nil && c.mayReport(p, now) {
			c.begin(p, is)
		} else {
			c.owe(p, is, 1)
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

// dropCarried tells that what was wrong in the run before was mended since.
func (c *Collector) dropCarried(carried *[]*event.Unreadable) {
	for _, u := range *carried {
		c.over(u)
	}
	*carried = nil
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
