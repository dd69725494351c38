package eql

import (
	"net/netip"
	"strings"
)

// maxAddress is the length of the longest text of an address.
const maxAddress = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")

// block is a range of addresses. One of IPv6 holds an IPv4 address as ::ffff:a.b.c.d.
type block = netip.Prefix

// prepareBlocks reads the ranges of a cidrMatch.
func (c *funcCall) prepareBlocks() {
	for _, x := range c.Args[1:] {
		v, _ := constant(x)
		if v.missing() {
			c.cidrs = nil
			return // the result is null
		}
		b, ok := readBlock(v.text)
		if !ok {
			fail(x.at(), "cidrMatch: not an address or range: %s", v)
		}
		c.cidrs = append(c.cidrs, b)
	}
	c.test = predicate{text: func(s string) bool { return inBlocks(c.cidrs, s) }}
}

// readBlock reads a range, or a single address.
func readBlock(s string) (b block, ok bool) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), err == nil && a.Zone() == ""
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return block{}, false
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

// inBlocks computes a cidrMatch.
func (c *funcCall) inBlocks(address Value) Value {
	if address.kind != kString || c.cidrs == nil {
		return Value{}
	}
	return Bool(inBlocks(c.cidrs, address.text))
}

func inBlocks(blocks []block, s string) bool {
	// Parsing what is no address makes an error, which takes memory: most of what is
	// not one shows at once.
	if s == "" || len(s) > maxAddress || strings.Trim(s, "0123456789abcdefABCDEF:.") != "" {
		return false
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return false
	}
	a = a.Unmap()
	for _, b := range blocks {
		if b.Contains(a) || a.Is4() && b.Addr().Is6() && b.Contains(netip.AddrFrom16(a.As16())) {
			return true
		}
	}
	return false
}
