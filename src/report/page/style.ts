/** The page's style: system fonts, one accent, made for reading and for print. */
export const STYLE = `:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1080px;padding:32px 24px 80px;font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;color:#1c1c1c;background:#fff}
h1{font-size:26px;margin:0 0 4px}h2{font-size:20px;margin:44px 0 10px;border-bottom:1px solid #ddd;padding-bottom:4px}h3{font-size:16px;margin:28px 0 6px}h4{font-size:15px;margin:20px 0 6px}
p{margin:6px 0 10px}.quiet{color:#666;font-size:13px}code,pre,.hash{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:12px}
.notice{border-left:4px solid #b45309;background:#fff7ed;padding:8px 14px;margin:16px 0}
nav a{margin-right:16px}a{color:#0b5cad}
.dag{text-align:center}.dag img{max-width:100%;height:auto}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(400px,100%),1fr));gap:18px}.figures figure{margin:0;border:1px solid #e5e5e5;border-radius:6px;padding:10px}.figures img{width:100%;height:auto}.figures .broad{grid-column:1/-1}figcaption{font-size:13px;color:#555;text-align:center}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums;margin:6px 0 12px;width:auto}
th,td{padding:3px 9px;text-align:left;white-space:nowrap;border-bottom:1px solid #eee}thead th{border-bottom:1.5px solid #555;border-top:1.5px solid #555;font-weight:600}tbody tr:last-child td{border-bottom:1.5px solid #555}.n{text-align:right}
.hash{white-space:nowrap;user-select:all}p .hash{white-space:normal;overflow-wrap:anywhere}
details{margin:4px 0}summary{cursor:pointer}details pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f7f7f7;border:1px solid #eee;border-radius:4px;padding:8px 10px;margin:4px 0 10px}
.fresh{color:#166534}.stale,.missing{color:#92400e}.failed{color:#991b1b}
@media (max-width:560px){body{padding:20px 14px 60px}}
@media print{body{max-width:none;padding:0;font-size:11px}nav{display:none}.figures{grid-template-columns:1fr 1fr}h2{break-after:avoid}figure,tr{break-inside:avoid}}`;
