import { foldIn, key, startEngine } from 'roentgen-lab/engine';
import { normalArray, inFloat64 } from '#engine/internal';
await startEngine();
const [a,b]=[0,1].map(i=>({values:normalArray(foldIn(key(1),i),5000*2048),rows:5000,columns:2048}));
const T=(n,f)=>{const t=performance.now(),c=process.cpuUsage(); const v=f(); const u=process.cpuUsage(c); console.log(n,((performance.now()-t)/1000).toFixed(2),'cpu',((u.user+u.system)/1e6).toFixed(2)); return v;};
const A=a.values.subarray(0,838*2048);
inFloat64(x=>{const p=T('from a',()=>x.from(A,[838,2048])); const q=T('from b',()=>x.from(b.values,[5000,2048])); const r=T('product',()=>x.product(p,q,'second')); T('values',()=>x.values(r)); });
inFloat64(x=>{const q=T('from b',()=>x.from(b.values,[5000,2048])); const r=T('full product',()=>x.product(q,q,'second')); T('values',()=>x.values(r)); });
