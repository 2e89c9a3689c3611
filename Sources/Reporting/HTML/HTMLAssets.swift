import Basics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What the page looks like, and the little that it does.
enum HTMLAssets {
    /// Nothing is fetched, and no script runs but the one below.
    static var policy: String {
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-\(scriptDigest)'"
    }

    private static var scriptDigest: String {
        let digits = Array(SHA256.hex(script))
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...($0 + 1)]), radix: 16)
        }
        return Data(bytes).base64EncodedString()
    }

    static let css: String = {
        let (light, dark) = (ChartStyle.light, ChartStyle.dark)
        return """
            :root{--back:\(light.panel);--text:\(light.text);--soft:\(light.softText);\
            --line:\(light.border);--shade:#f6f8fa;--link:#0969da}
            @media(prefers-color-scheme:dark){:root{--back:\(dark.panel);--text:\(dark.text);\
            --soft:\(dark.softText);--line:\(dark.border);--shade:#151b23;--link:#4493f8}}
            *{box-sizing:border-box}
            html{-webkit-text-size-adjust:100%}
            body{margin:0;background:var(--back);color:var(--text);\
            font:16px/1.5 system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}
            main{max-width:76rem;margin:0 auto;padding:1rem 1.25rem 4rem}
            nav{position:sticky;top:0;z-index:1;display:flex;gap:1.25rem;overflow-x:auto;\
            padding:.6rem 1.25rem;background:var(--shade);border-bottom:1px solid var(--line);\
            font-size:.875rem;white-space:nowrap}
            a{color:var(--link)}
            nav a{text-decoration:none}
            h1{font-size:1.9rem;line-height:1.2;margin:1.2rem 0 .6rem}
            h2{font-size:1.4rem;margin:2.2rem 0 .8rem;padding-bottom:.3rem;\
            border-bottom:1px solid var(--line);scroll-margin-top:3rem}
            h3{font-size:1.05rem;margin:1.6rem 0 .6rem;scroll-margin-top:3rem}
            p,ul{max-width:52rem}
            hr{border:0;border-top:1px solid var(--line);margin:2.5rem 0 1rem}
            code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;\
            font-size:.875em;overflow-wrap:anywhere}
            pre{background:var(--shade);border:1px solid var(--line);border-radius:6px;\
            padding:.8rem 1rem;overflow-x:auto}
            .table,.picture{overflow-x:auto;margin:.8rem 0 1.2rem}
            table{border-collapse:collapse;width:max-content;font-size:.9rem;font-variant-numeric:tabular-nums}
            th,td{padding:.35rem .7rem;border-bottom:1px solid var(--line);text-align:left;\
            vertical-align:top;max-width:26rem;overflow-wrap:break-word}
            th{background:var(--shade);font-weight:600;vertical-align:bottom;overflow-wrap:normal}
            .right{text-align:right;white-space:nowrap}
            th.right{white-space:normal}
            tbody tr:hover{background:var(--shade)}
            th button{all:unset;cursor:pointer;font:inherit}
            th button:focus-visible{outline:2px solid var(--link);outline-offset:2px}
            th button:hover{text-decoration:underline}
            th[aria-sort=ascending] button::after{content:" \\2191"}
            th[aria-sort=descending] button::after{content:" \\2193"}
            .picture svg{display:block;max-width:100%;height:auto;min-width:34rem}
            @media print{nav{display:none}}
            """
    }()

    /// Makes the headings of tables buttons: the first press sorts up, the second down.
    ///
    /// Cells without a value stay last. The order of equal cells stays as it is.
    static let script = """
        for (const table of document.querySelectorAll("table")) {
          const body = table.tBodies[0];
          const heads = [...table.tHead.rows[0].cells];
          if (body.rows.length < 2) continue;
          heads.forEach((head, column) => {
            const button = document.createElement("button");
            button.append(...head.childNodes);
            head.append(button);
            button.onclick = () => {
              const up = head.getAttribute("aria-sort") !== "ascending";
              heads.forEach(other => other.removeAttribute("aria-sort"));
              head.setAttribute("aria-sort", up ? "ascending" : "descending");
              const key = row => {
                const cell = row.cells[column];
                const text = cell.textContent.trim();
                if (text === "" || text === "\\u2014") return null;
                return cell.dataset.v === undefined ? text : Number(cell.dataset.v);
              };
              const rank = value => value === null ? 2 : typeof value === "number" ? 0 : 1;
              const rows = [...body.rows].map(row => ({row, key: key(row)}));
              rows.sort((a, b) => {
                if (a.key === null || b.key === null) return rank(a.key) - rank(b.key);
                const order = rank(a.key) - rank(b.key)
                  || (typeof a.key === "number" ? a.key - b.key : a.key.localeCompare(b.key));
                return up ? order : -order;
              });
              body.append(...rows.map(entry => entry.row));
            };
          });
        }
        """
}
