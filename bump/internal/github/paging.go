package github

import "fmt"

const (
	maxPages      = 100 // of one listing; GitHub itself ends listings of releases at 10,000 entries
	maxEmptyPages = 3   // in a row; filters that GitHub applies late may leave a page empty
)

// paging sees to it that a listing ends, whatever the links of its pages say. The zero value is a listing
// that has not begun.
type paging struct {
	seen  map[string]bool
	empty int
}

// next takes the number of entries of a page and where its link leads, "" from the last page. It reports
// whether there is a next page to ask for.
func (p *paging) next(entries int, link string) (more bool, err error) {
	if link == "" {
		return false, nil
	}
	if p.seen == nil {
		p.seen = map[string]bool{"1": true}
	}
	if p.empty++; entries > 0 {
		p.empty = 0
	}
	switch {
	case p.seen[link]:
		return false, fmt.Errorf("page %d links to page %s, which was read already", len(p.seen), oneLine(link, 40))
	case p.empty >= maxEmptyPages:
		return false, fmt.Errorf("%d empty pages in a row", p.empty)
	case len(p.seen) >= maxPages:
		return false, fmt.Errorf("more than %d pages", maxPages)
	}
	p.seen[link] = true
	return true, nil
}

// nextPage is next for listings with numbered pages.
func (p *paging) nextPage(entries, page int) (more bool, err error) {
	if page == 0 {
		return p.next(entries, "")
	}
	return p.next(entries, fmt.Sprint(page))
}
